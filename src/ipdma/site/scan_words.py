"""Words by which a scan recognises variables, codes and arms: Dutch, German, Italian, Spanish, French,
English.

Words stand without accents and in lower case; `*` at the end stands for any ending.
"""

from __future__ import annotations

import re
import unicodedata

# The order matters: the first variable whose words are found takes the column.
VARIABLES: dict[str, str] = {
    "age_at_onset": "age+onset* onset+age* ageonset* leeftijd+eerste leeftijd+begin ersterkrankungsalter* "
    "alter+erst* eta+esordio edad+inicio age+debut first+episode+age",
    "previous_episodes": "previous+episode* prev+episode* prev+ep prior+episode* number+episodes n+episodes "
    "nepisodes* aantal+episodes eerdere+episode* fruhere+episode* anzahl+episoden vorepisoden* "
    "episodi+precedenti numero+episodi episodios+previos episodes+anterieurs previousepisodes*",
    "episode_duration_months": "episode+duration* episode+length episode+months episode+weeks episode+duur* "
    "episodeduur* episodendauer* episode+dauer* dauer* duur* duration* length durata* duracion* duree* "
    "episodedur* epidur* dur+episode",
    "chronic": "chronic* chronisch* chronique* cronic*",
    "antidepressant_at_baseline": "antidepress* antidepresiv* antidepr* ssri* ad+baseline admed* drug "
    "medication* medicatie* medikation* medikament* farmac* medicament* psychotropic*",
    "comorbid_anxiety": "comorb*+anx* anxiety+disorder* anxdis* angststoornis* angststorung* anx+dx "
    "disturbo+ansia trastorno+ansiedad trouble+anxieux",
    "personality_disorder": "personality* persoonlijkheid* personlichkeit* personalit* personalidad* "
    "personnalit* pd axis2 asii axisii",
    "childhood_trauma": "trauma* abuse* jeugdtrauma* kindheitstrauma* mishandel* missbrauch* maltrat*",
    "sessions_attended": "sessions* nsess* session zittingen* sitzungen* sedute* sesiones* seances* "
    "behandelsessies*",
    "dropout": "dropout* drop+out uitval* abbruch* abbrecher* abbandon* abandon* withdrew* dropped",
    "therapist": "therapist* therapeut* terapeut* therapeute*",
    "remitted_by_diagnosis": "remitted* remission+diagnos* scid+remission skid+remission "
    "diagnostic+remission "
    "remissie* remisi*",
    "education": "education* educ opleiding* bildung* schulab* schulbildung* istruzione* titolo+studio "
    "scolarit* educacion* estudios* etudes* niveau+etud* isced*",
    "relationship": "marital* relationship* burgerlijke* burgstaat* familienstand* partnerschaft* "
    "stato+civile "
    "estado+civil etat+civil partner married relatie* samenwonend*",
    "employment": "employ* werk werkstatus* werksituatie* beruf* erwerb* beschaftig* arbeit* occupazione* "
    "lavoro* empleo* trabajo* emploi* travail* job work occupation* laboral*",
    "sex": "sex gender geslacht* geschlecht* sesso* genere* sexo* genero* sexe*",
    "age": "age leeftijd* alter eta edad lft agey ageyears",
    "arm": "arm treat treatment* trt group groep* gruppe* gruppo* grupo* groupe* condition conditie* "
    "behandeling* behandlung* braccio* brazo* bras trattamento* tratamiento* traitement* random randgr* "
    "allocation* allocated* toewijzing* studienarm* armcd tx",
    "participant": "participant* patient* patnr* pat subject* subj id pid idnr respnr* respondent* "
    "studienummer* studiennummer* studynr* studyid* deelnemer* teilnehmer* proband* vpnr* vpn paziente* "
    "codice* sujeto* paciente* sujet* usubjid casenr* case code pnr nr",
}

VISITS = (
    "visit* week* weeks time timepoint* wave* occasion* moment meting* meetmoment* messzeitpunkt* zeitpunkt* "
    "mzp woche* month* maand* monat* tempo momento temps medicion* misurazion* mesure* visita* "
    "visite* assessment event+name* eventname*"
)

UNITS = {
    "days": "day days dag dagen tag tage giorni dias jours",
    "weeks": "week weeks wk wks weken wochen woche settimane semanas semaines",
    "months": "month months mnd maand maanden monat monate mesi meses mois",
    "years": "year years jaar jaren jahr jahre anni anos ans",
}

YES = "yes ja y j si oui true wahr vero vrai ok aanwezig vorhanden presente present"
NO = "no nee nein n non false falsch falso faux niet geen keine afwezig assente ausente absent none not"
LEVELS: dict[str, dict[str, str]] = {
    "sex": {
        "female": "female* f woman women w vrouw* v frau* weiblich* femmin* donna mujer* femenin* "
        "femme feminin*",
        "male": "male* m man men mannelijk* mann mannlich* maschi* uomo hombre* masculin* homme*",
        "other": "other* ander* divers* altro otro autre x nonbinary sonstige*",
    },
    "education": {
        "low": "low* laag lager niedrig* basso bajo bas primary primari* elementar* lts lbo vmbo mavo "
        "hauptschul* "
        "grundschul* licenza basisschool primaire*",
        "medium": "medium middle* mid middelba* midden mittel* medio moyen* secondar* secundari* secondaire* "
        "highschool highsc mbo havo vwo abitur realschul* berufsschul* lehre diploma* superiori lycee bac",
        "high": "high hoog hoger hoch* alto haut universit* hochschul* hbo wo bachelor bach master* college "
        "gradwk tertiary laurea* licence degree",
    },
    "relationship": {
        "partnered": "partner* married cohabit* gehuwd getrouwd samenwon* verheiratet* sposat* "
        "coniugat* casad* "
        "marie* relationship pareja convivent* concubin* lebensgemeinschaft couple relatie",
        "single": "single unmarried nevmarr never alleenstaand* ongehuwd ledig* celibe nubile solter* "
        "celibat* "
        "alleinstehend*",
        "separated": "separat* separt* divor* divrcd gescheiden geschieden* getrennt* separad* separe*",
        "widowed": "widow* weduw* verwitwet* vedov* viud* veuf veuve",
    },
    "employment": {
        "employed": "employed working work* werkend betaald* erwerbstatig* berufstatig* occupat* "
        "emplead* employe* "
        "fulltime parttime selfemployed lavora* trabaj* travail* angestellt*",
        "unemployed": "unemployed werkloos werkzoekend* arbeitslos* disoccupat* desemplead* paro "
        "chomeur chomage "
        "jobless",
        "sick_leave": "sick* disab* ziek* arbeidsongeschikt* krankgeschrieb* invalid* incapacidad "
        "baja malattia "
        "maladie erwerbsunfahig*",
        "student": "student* studerend scholier schuler* studente* estudiante* etudiant* ausbildung studie "
        "opleiding",
        "homemaker": "homemaker housew* huisvrouw* huisman hausfrau* hausmann* casaling* ama foyer household "
        "huishouden",
        "retired": "retire* gepensioneerd pensioen rentner* berentet* rente pension* jubilad* retrait*",
        "other": "other* ander* altro otra otro autre sonstig*",
    },
}

CONDITIONS: dict[str, str] = {
    "combined": "combined combination combi comb combinat* kombin* combinad* combine*",
    "waitlist": "waitlist* waiting wl wlc wachtlijst* wachtgroep warteliste* wartegruppe* wartezeit "
    "lista+attesa "
    "lista+espera liste+attente wait",
    "placebo": "placebo* plac",
    "tau": "tau usual cau gebruikelijk* ublich* regelbehandlung standard+care routine habitual* abituale "
    "habituel*",
    "stpp": "stpp psychodynam* psicodinam* dynam* dinam* pdt pdkt spsp kpsp tfp istdp dit "
    "psychoanaly* psicoanal* "
    "tiefenpsycholog*",
    "supportive": "supportive steunend* supportiv* stutzend* support* apoyo soutien",
    "antidepressant": "antidepress* antidepresiv* ssri snri fluoxetin* sertralin* citalopram* escitalopram* "
    "paroxetin* venlafaxin* clomipramin* imipramin* amitriptylin* medicat* medikament* medikation* farmac* "
    "pharmac* medicament* ad drug",
    "other_psychotherapy": "cbt cgt kvt tcc ipt cognitiv* cognitie* kognitiv* behavio* emdr mbct",
}

TIME_WORDS: dict[str, str] = {
    "baseline": "baseline base bl pre pretest prae praetest pra voormeting voor vor before intake "
    "inclusion t0 v0 "
    "basislijn start inizio inicio debut avant basal basale screening beginn begin anfang",
    "interim": "mid interim tussen tussenmeting zwischen mitte during midtreatment durante intermedio",
    "post": "post posttest nameting na nach end eot endpoint final ende einde fine fin after apres "
    "posttreatment "
    "termination termino termine despues dopo ende behandlungsende",
    "follow_up": "fu fup followup follow katamnese kat nafase seguimiento suivi vervolg nacherhebung",
}


def plain(text: str) -> str:
    """Lower case without accents."""
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(c for c in text if not unicodedata.combining(c)).lower()


def words_of(text: str) -> list[str]:
    """The words of a name or label: cut at signs and at capitals within a word."""
    cut = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", text)
    return re.findall(r"[a-z0-9]+", plain(cut))


def has_words(words: list[str], phrases: str) -> bool:
    """Whether one of the phrases (`a`, `a*`, `a+b`) is found among the words."""
    return any(
        all(any(match(word, part) for word in words) for part in p.split("+")) for p in phrases.split()
    )


def match(word: str, pattern: str) -> bool:
    """One word against `a` or `a*`."""
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


COUNTER = re.compile(r"[a-z]?\d{1,3}[a-z]?\Z")
LINKS = (
    "care as treatment* therap* terap* psychotherap* psicoterap* behandel* behandlung* list group* "
    "groep* gruppe* "
    "control* kontroll* plus and en und y e et o or oder of a i la de short brief breve kurz* kort* "
    "pill lista "
    "liste casa in allein mann school"
)


def says_nothing_else(text: str, *dictionaries: dict[str, str]) -> bool:
    """Whether every word of a cell is a known one, so that it cannot point at a person."""
    known = LINKS.split()
    for dictionary in dictionaries:
        known += [part for phrases in dictionary.values() for part in re.split(r"[ +]", phrases)]
    words = [word for word in words_of(text) if not COUNTER.match(word)]
    return all(any(match(word, pattern) for pattern in known) for word in words)


def known_level(text: str, levels: dict[str, str]) -> str | None:
    """The level whose word this code or label is, or holds; a whole match comes first."""
    words = words_of(text)
    joined = "".join(words)
    for level, known in levels.items():
        if joined in known.replace("*", "").split() or joined == level.replace("_", ""):
            return level
    for level, known in levels.items():
        if any(match(word, pattern) for word in words if len(word) > 2 for pattern in known.split()):
            return level
    return None


def yes_or_no(text: str) -> str | None:
    """`yes` or `no` where a code or label says so in one of the languages."""
    words = words_of(text)
    if any(word in NO.split() for word in words):
        return "no"
    return "yes" if any(word in YES.split() for word in words) else None


def condition_of(text: str) -> str | None:
    """The condition that an arm's label names; both therapies together are `combined`."""
    words = words_of(text)
    found = [name for name, known in CONDITIONS.items() if has_words(words, known)]
    if "combined" in found or {"stpp", "antidepressant"} <= set(found):
        return "combined"
    if {"antidepressant", "supportive"} <= set(found):
        return "antidepressant_supportive"
    return found[0] if found else None
