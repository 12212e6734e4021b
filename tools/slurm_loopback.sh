#!/bin/sh
# The default plan on a real SLURM of two virtual nodes on this machine, held against a local run file by file.
#
#   tools/slurm_loopback.sh
#
# Starts munge, slurmctld and two slurmd from Debian's slurm-wlm, runs the plan under profiles/slurm, compares every file of
# both results folders (but logs/, whose lines hold times), and stops what it started. Ends with 0 only where every file was
# compared and is equal; 75 where SLURM cannot be run here. Needs root on Debian or Ubuntu; some 15 minutes on two cores.
set -eu
cd "$(dirname "$0")/.."
ROOT=$PWD
LIMIT=${IPDMA_SLURM_SECONDS:-1440}  # for all of it

cannot() { echo "slurm_loopback: cannot run here: $*" >&2; exit 75; }
say() { echo "slurm_loopback: $*"; }

[ "$(id -u)" = 0 ] || cannot "it needs root"
[ ! -e /etc/slurm/slurm.conf ] || cannot "there is a SLURM on this machine already (/etc/slurm/slurm.conf)"
if ! command -v slurmctld >/dev/null || ! command -v munged >/dev/null; then
  command -v apt-get >/dev/null || cannot "slurm-wlm is not installed, and there is no apt-get"
  say "installing slurm-wlm and munge"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge; } \
    >/dev/null 2>&1 || cannot "slurm-wlm could not be installed"
fi
./run --version >/dev/null || cannot "the environment could not be set up"
PATH="$ROOT/.venv/bin:$PATH"
export PATH
python -c 'import snakemake_executor_plugin_slurm' 2>/dev/null || cannot "requirements.lock has no SLURM plugin"

D=$(mktemp -d)
CONTROL=
MUNGE=
stop() {
  status=$?
  trap - EXIT
  [ -z "$CONTROL" ] || scancel --user root >/dev/null 2>&1 || true
  for file in "$D"/run/*.pid; do [ ! -s "$file" ] || kill "$(cat "$file")" 2>/dev/null || true; done
  [ -z "$MUNGE" ] || kill "$(cat "$D/munged.pid" 2>/dev/null)" 2>/dev/null || true
  rm -f /etc/slurm/slurm.conf
  [ "$status" = 0 ] || tail -n 30 "$D"/*.txt "$D"/log/*.log 2>/dev/null || true
  for _ in 1 2 3 4 5; do
    pgrep -x slurmctld >/dev/null || pgrep -x slurmd >/dev/null || break
    sleep 1
  done
  rm -rf "$D"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT TERM

mkdir -p "$D/state" "$D/log" "$D/run" /etc/slurm /run/munge
NAME=$(hostname -s)
CORES=$(getconf _NPROCESSORS_ONLN)
MEMORY=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1024 / 2))
cat >/etc/slurm/slurm.conf <<CONF
ClusterName=loopback
SlurmctldHost=$NAME(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
StateSaveLocation=$D/state
SlurmdSpoolDir=$D/spool_%n
SlurmctldPidFile=$D/run/slurmctld.pid
SlurmdPidFile=$D/run/slurmd_%n.pid
SlurmctldLogFile=$D/log/slurmctld.log
SlurmdLogFile=$D/log/slurmd_%n.log
SlurmctldPort=16817
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
MinJobAge=300
NodeName=n1 NodeHostname=$NAME NodeAddr=127.0.0.1 Port=16818 CPUs=$CORES RealMemory=$MEMORY State=UNKNOWN
NodeName=n2 NodeHostname=$NAME NodeAddr=127.0.0.1 Port=16819 CPUs=$CORES RealMemory=$MEMORY State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=60 State=UP
CONF
if ! munge -n >/dev/null 2>&1; then
  [ -s /etc/munge/munge.key ] || cannot "munge has no key"
  chown munge:munge /run/munge
  runuser -u munge -- /usr/sbin/munged --pid-file /run/munge/loopback.pid || cannot "munged does not start"
  cp /run/munge/loopback.pid "$D/munged.pid"
  MUNGE=yes
fi
CONTROL=yes
slurmctld
sleep 2
slurmd -N n1
slurmd -N n2
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ "$(sinfo --noheader --format '%T' 2>/dev/null | sort -u)" = idle ] && break
  sleep 2
done
sinfo --Node --long || cannot "slurmctld does not answer"

for place in local slurm; do
  mkdir "$D/$place"
  ln -s "$ROOT/config" "$ROOT/data" "$D/$place/"
done
run() {
  place=$1
  shift
  begun=$(date +%s)
  left=$((LIMIT - begun + STARTED))
  if ! timeout -k 20 "$left" snakemake --snakefile "$ROOT/Snakefile" --directory "$D/$place" "$@" >"$D/$place.txt" 2>&1; then
    say "the $place run failed, or took longer than all of this may ($LIMIT s)"
    exit 1
  fi
  say "$place: $(($(date +%s) - begun)) s"
}
STARTED=$(date +%s)
run local --cores all
run slurm --profile "$ROOT/profiles/slurm" --max-threads "$CORES" --slurm-no-account --slurm-status-command squeue \
  --default-resources slurm_partition=main mem_mb=1000 runtime=30
say "SLURM jobs: $(grep -c 'has been submitted with SLURM jobid' "$D/slurm.txt" || true)"

list() { (cd "$D/$1/results" && find . -type f ! -path './logs/*' ! -name running.json | LC_ALL=C sort); }
list local >"$D/local.files"
list slurm >"$D/slurm.files"
cmp "$D/local.files" "$D/slurm.files" || { diff "$D/local.files" "$D/slurm.files"; exit 1; }
different=0
while IFS= read -r file; do
  cmp -s "$D/local/results/$file" "$D/slurm/results/$file" || { say "differs: $file"; different=$((different + 1)); }
done <"$D/local.files"
say "$(wc -l <"$D/local.files") files compared, $different differ"
[ "$(wc -l <"$D/local.files")" -gt 100 ] && [ "$different" = 0 ]
