"""The words of the partners' files: column names, labels of codes and of visits in five languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """How a site of this language names things.

    Attributes
    ----------
    columns : mapping
        Codebook variable (also `participant`, `arm`, `visit`, `birth`, `intake`) to column name.
    labels : mapping
        Variable (or `yes_no`) to level to label, in the order in which numeric codes are given.
    conditions : mapping
        Condition to label.
    visits : mapping
        Time point to the label of the visit.
    """

    columns: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str]]
    conditions: Mapping[str, str]
    visits: Mapping[str, str]

    def levels(self, variable: str) -> Mapping[str, str]:
        """Level to label of a category or yes/no variable."""
        return self.labels.get(variable, self.labels["yes_no"])


EN = Language(
    columns={
        "participant": "subject_no",
        "arm": "group",
        "visit": "visit",
        "birth": "dob",
        "intake": "date_intake",
        "age": "age_yrs",
        "sex": "gender",
        "education": "educ_level",
        "relationship": "marital_status",
        "employment": "work_status",
        "episode_duration_months": "mde_months",
        "age_at_onset": "onset_age",
        "previous_episodes": "n_prior_mde",
        "chronic": "chronic_mdd",
        "antidepressant_at_baseline": "adm_intake",
        "comorbid_anxiety": "anx_dx",
        "personality_disorder": "pd_dx",
        "childhood_trauma": "child_trauma",
        "sessions_attended": "n_sessions",
        "dropout": "dropped_out",
        "therapist": "therapist_code",
        "remitted_by_diagnosis": "scid_remission",
    },
    labels={
        "yes_no": {"no": "no", "yes": "yes"},
        "sex": {"male": "male", "female": "female"},
        "education": {"low": "up to age 16", "medium": "to age 18", "high": "university"},
        "relationship": {
            "partnered": "married/cohabiting",
            "single": "single",
            "separated": "divorced/separated",
            "widowed": "widowed",
        },
        "employment": {
            "employed": "paid work",
            "unemployed": "seeking work",
            "sick_leave": "off sick",
            "student": "student",
            "homemaker": "at home",
            "retired": "retired",
            "other": "other",
        },
    },
    conditions={
        "stpp": "dynamic therapy",
        "tau": "usual care",
        "placebo": "pill placebo",
        "antidepressant": "medication",
        "other_psychotherapy": "CBT",
        "other": "counselling",
    },
    visits={"baseline": "intake", "interim": "mid", "post": "end", "follow_up": "fu"},
)

DE = Language(
    columns={
        "participant": "Patientennr",
        "arm": "Gruppe",
        "visit": "Messzeitpunkt",
        "birth": "Geburtsdatum",
        "intake": "Eingangsdatum",
        "age": "Alter",
        "sex": "Geschlecht",
        "education": "Schulabschluss",
        "relationship": "Familienstand",
        "employment": "Berufstätigkeit",
        "episode_duration_months": "Episodendauer_Monate",
        "previous_episodes": "Frühere_Episoden",
        "antidepressant_at_baseline": "Antidepressivum",
        "comorbid_anxiety": "Angststörung",
        "personality_disorder": "Persönlichkeitsstörung",
        "remitted_by_diagnosis": "SKID_Remission",
        "sessions_attended": "Sitzungen",
        "dropout": "Abbruch",
    },
    labels={
        "yes_no": {"no": "nein", "yes": "ja"},
        "sex": {"male": "männlich", "female": "weiblich"},
        "education": {"low": "Hauptschule", "medium": "Realschule/Abitur", "high": "Hochschule"},
        "relationship": {
            "single": "ledig",
            "partnered": "verheiratet/Partnerschaft",
            "separated": "geschieden/getrennt",
            "widowed": "verwitwet",
        },
        "employment": {
            "employed": "berufstätig",
            "unemployed": "arbeitslos",
            "sick_leave": "krankgeschrieben",
            "student": "in Ausbildung",
            "homemaker": "Hausfrau/-mann",
            "retired": "berentet",
            "other": "sonstiges",
        },
    },
    conditions={
        "stpp": "PDKT",
        "tau": "übliche Behandlung",
        "combined": "Clomipramin + PDKT",
        "antidepressant_supportive": "Clomipramin + stützende Gespräche",
    },
    visits={"baseline": "t0", "interim": "t1", "post": "t2", "follow_up": "t3"},
)

NL = Language(
    columns={
        "participant": "respnr",
        "arm": "conditie",
        "visit": "meting",
        "birth": "geboortedatum",
        "intake": "intakedatum",
        "age": "leeftijd",
        "sex": "geslacht",
        "education": "opleiding",
        "relationship": "burg_staat",
        "employment": "werk",
        "episode_duration_months": "duur_weken",
        "previous_episodes": "eerdere_episodes",
        "antidepressant_at_baseline": "ad_start",
        "comorbid_anxiety": "angststoornis",
        "personality_disorder": "pers_stoornis",
        "sessions_attended": "zittingen",
        "dropout": "uitval",
        "therapist": "therapeut",
        "remitted_by_diagnosis": "remissie",
    },
    labels={
        "yes_no": {"no": "nee", "yes": "ja"},
        "sex": {"male": "man", "female": "vrouw"},
        "education": {"low": "laag", "medium": "midden", "high": "hoog"},
        "relationship": {
            "single": "ongehuwd",
            "partnered": "gehuwd/samenwonend",
            "separated": "gescheiden",
            "widowed": "verweduwd",
        },
        "employment": {
            "employed": "betaald werk",
            "unemployed": "werkloos",
            "sick_leave": "ziektewet",
            "student": "studerend",
            "homemaker": "huishouden",
            "retired": "gepensioneerd",
            "other": "anders, zoals vrijwilliger of patiënt",
        },
    },
    conditions={"stpp": "KPSP", "antidepressant": "medicatie", "combined": "KPSP + medicatie"},
    visits={
        "baseline": "voormeting",
        "interim": "tussenmeting",
        "post": "nameting",
        "follow_up": "follow-up",
    },
)

IT = Language(
    columns={
        "participant": "codice_paziente",
        "arm": "gruppo",
        "visit": "tempo",
        "birth": "nascita",
        "intake": "ingresso",
        "age": "età",
        "sex": "sesso",
        "education": "istruzione",
        "relationship": "stato_civile",
        "employment": "occupazione",
        "episode_duration_months": "durata_episodio_mesi",
        "comorbid_anxiety": "disturbo_ansia",
        "personality_disorder": "disturbo_personalità",
        "remitted_by_diagnosis": "remissione",
        "dropout": "abbandono",
    },
    labels={
        "yes_no": {"no": "no", "yes": "sì"},
        "sex": {"male": "maschio", "female": "femmina"},
        "education": {"low": "licenza media", "medium": "diploma", "high": "laurea"},
        "relationship": {
            "single": "nubile/celibe",
            "partnered": "coniugato/convivente",
            "separated": "separato/divorziato",
            "widowed": "vedovo",
        },
        "employment": {
            "employed": "occupato",
            "unemployed": "disoccupato",
            "sick_leave": "in malattia",
            "student": "studente",
            "homemaker": "casalinga",
            "retired": "pensionato",
            "other": "altra attività",
        },
    },
    conditions={
        "stpp": "terapia dinamica breve",
        "supportive": "supporto breve",
        "waitlist": "lista d'attesa",
        "combined": "farmaco + terapia dinamica breve",
        "antidepressant_supportive": "farmaco + supporto breve",
    },
    visits={"baseline": "T0", "interim": "T1", "post": "T2", "follow_up": "T3"},
)

ES = Language(
    columns={
        "participant": "num_paciente",
        "arm": "grupo",
        "visit": "medición",
        "birth": "nacimiento",
        "intake": "ingreso",
        "age": "edad",
        "sex": "sexo",
        "education": "educación",
        "relationship": "estado_civil",
        "employment": "situación_laboral",
        "episode_duration_months": "duración_meses",
        "antidepressant_at_baseline": "antidepresivo_previo",
        "childhood_trauma": "trauma_infantil",
        "dropout": "abandono",
    },
    labels={
        "yes_no": {"no": "no", "yes": "sí"},
        "sex": {"male": "hombre", "female": "mujer"},
        "education": {"low": "primaria", "medium": "secundaria", "high": "universitaria"},
        "relationship": {
            "single": "soltera/o",
            "partnered": "casada/o o en pareja",
            "separated": "separada/o",
            "widowed": "viuda/o",
        },
        "employment": {
            "employed": "trabaja",
            "unemployed": "en paro",
            "sick_leave": "de baja",
            "student": "estudiante",
            "homemaker": "ama de casa",
            "retired": "jubilada/o",
            "other": "otra situación",
        },
    },
    conditions={
        "stpp": "psicoterapia dinámica breve",
        "waitlist": "lista de espera",
        "placebo": "placebo",
        "antidepressant": "antidepresivo",
        "combined": "antidepresivo y psicoterapia dinámica breve",
    },
    visits={"baseline": "inicio", "interim": "intermedio", "post": "término", "follow_up": "seguimiento"},
)

LANGUAGES = {"en": EN, "de": DE, "nl": NL, "it": IT, "es": ES}
PREFIX = {
    "hamd17": "hamd",
    "hamd24": "hamd24",
    "madrs": "madrs",
    "madrs_s": "madrss",
    "bdi": "bdi",
    "bdi2": "bdi2",
    "phq9": "phq",
    "epds": "epds",
    "hads_d": "hadsd",
    "scl90_dep": "scl",
    "bsi_dep": "bsi",
    "basis24": "basis",
}
