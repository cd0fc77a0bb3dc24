"""The four plants outside Germany: Modbus, Sparkplug B, a webhook, and S7."""

from typing import Final

from werknetz_simulator.plants.definitions import holidays
from werknetz_simulator.plants.machine import Plant, StateKind, parse_machines
from werknetz_simulator.plants.plan import ShiftPlan, ShiftRule

EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)
WORKING_DAYS: Final = (0, 1, 2, 3, 4)
HISTORY_DAYS: Final = 8  # so that the last seven days of each plant are complete
TEMPERATURE_S: Final = 3600

PALMA_3: Final = Plant(
    name="palma-3",
    protocol="modbus",
    plan=ShiftPlan(
        "Europe/Madrid",
        (
            ShiftRule("manana", WORKING_DAYS, "06:00", "14:00", (("09:30", "10:00"),)),
            ShiftRule("tarde", WORKING_DAYS, "14:00", "22:00", (("18:00", "18:30"),)),
            ShiftRule("noche", WORKING_DAYS, "22:00", "06:00", (("02:00", "02:30"),)),
        ),
        holidays.closed_days(holidays.balearic_holidays),
    ),
    machines=parse_machines(
        "palma-3",
        "inyeccion",
        (
            "nave-1",
            "inyectora-1:640 inyectora-2:660 inyectora-3:655 inyectora-4:700",
            "inyectora-5:710 inyectora-6:690 inyectora-7:725 inyectora-8:740",
        ),
        (
            "nave-2",
            "inyectora-9:820 inyectora-10:810 inyectora-11:860 inyectora-12:845",
            "inyectora-13:900 inyectora-14:880 inyectora-15:870 inyectora-16:915",
        ),
        (
            "montaje",
            "celda-1:980 celda-2:990 celda-3:1010 celda-4:1005",
            "celda-5:1020 celda-6:1040 celda-7:1060 celda-8:1050",
        ),
        (
            "acabado",
            "pintura-1:1200 pintura-2:1230 horno-1:1400 horno-2:1420",
            "pulidora-1:1100 pulidora-2:1120 embalaje-1:900 embalaje-2:910",
        ),
    ),
    codes=(
        (StateKind.PRODUCING, "2", StateKind.PRODUCING),
        (StateKind.SETUP, "3", StateKind.SETUP),
        (StateKind.IDLE, "1", StateKind.IDLE),
        (StateKind.FAULT, "9", StateKind.FAULT),
        (StateKind.BLOCKED, "5", StateKind.BLOCKED),
        (StateKind.STARVED, "4", StateKind.STARVED),
        (StateKind.SUSPENDED, "6", StateKind.SUSPENDED),
        (StateKind.MAINTENANCE, "7", StateKind.MAINTENANCE),
        (StateKind.REPAIR, "8", StateKind.REPAIR),
        (StateKind.OFF, "0", StateKind.OFF),
    ),
    order_prefix="P-",
    counters_restart=False,
    history_days=HISTORY_DAYS,
    temperature_s=TEMPERATURE_S,
    maintenance_shift="manana",
    untagged_shift="noche",
)

BRATI_4: Final = Plant(
    name="brati-4",
    protocol="sparkplug",
    plan=ShiftPlan(
        "Europe/Bratislava",
        (
            ShiftRule(
                "denna", EVERY_DAY, "06:00", "18:00", (("09:00", "09:20"), ("12:30", "13:00"))
            ),
            ShiftRule(
                "nocna", EVERY_DAY, "18:00", "06:00", (("21:00", "21:20"), ("01:30", "02:00"))
            ),
        ),
        holidays.closed_days(holidays.slovak_holidays),
    ),
    machines=parse_machines(
        "brati-4",
        "obrobna",
        (
            "linka-1",
            "sustruh-1:750 sustruh-2:760 sustruh-3:770 sustruh-4:765",
            "freza-1:880 freza-2:890 freza-3:900 freza-4:910",
        ),
        (
            "linka-2",
            "sustruh-5:820 sustruh-6:830 vrtacka-1:700 vrtacka-2:705",
            "bruska-1:950 bruska-2:960 bruska-3:970 umyvacka-1:1100",
        ),
        (
            "linka-3",
            "robot-1:660 robot-2:665 robot-3:670 robot-4:680",
            "zvaracka-1:780 zvaracka-2:790 zvaracka-3:800 zvaracka-4:810",
        ),
        (
            "linka-4",
            "montaz-1:1150 montaz-2:1160 montaz-3:1170 montaz-4:1180",
            "skusobna-1:1300 skusobna-2:1310 balenie-1:900 balenie-2:920",
        ),
    ),
    codes=(
        (StateKind.PRODUCING, "vyroba", StateKind.PRODUCING),
        (StateKind.SETUP, "nastavovanie", StateKind.SETUP),
        (StateKind.IDLE, "stoji", StateKind.IDLE),
        (StateKind.FAULT, "porucha", StateKind.FAULT),
        (StateKind.BLOCKED, "plny vystup", StateKind.BLOCKED),
        (StateKind.STARVED, "chyba material", StateKind.STARVED),
        (StateKind.SUSPENDED, "caka", StateKind.SUSPENDED),
        (StateKind.MAINTENANCE, "udrzba", StateKind.MAINTENANCE),
        (StateKind.REPAIR, "oprava", StateKind.REPAIR),
        (StateKind.OFF, "vypnute", StateKind.OFF),
    ),
    order_prefix="B-",
    counters_restart=False,
    counts=("good", "scrap", "rework"),
    history_days=HISTORY_DAYS,
    temperature_s=TEMPERATURE_S,
    maintenance_shift="denna",
    drifting="bruska-2",
)

PUEB_5: Final = Plant(
    name="pueb-5",
    protocol="webhook",
    plan=ShiftPlan(
        "America/Mexico_City",  # without clock changes since 2022
        (
            ShiftRule("matutino", (0, 1, 2, 3, 4, 5), "06:00", "14:00", (("10:00", "10:30"),)),
            ShiftRule("vespertino", WORKING_DAYS, "14:00", "21:30", (("18:00", "18:30"),)),
        ),
        holidays.closed_days(holidays.mexican_holidays),
    ),
    machines=parse_machines(
        "pueb-5",
        "estampado",
        (
            "linea-1",
            "prensa-1:620 prensa-2:630 prensa-3:640 prensa-4:650",
            "troqueladora-1:700 troqueladora-2:710 troqueladora-3:720 troqueladora-4:730",
        ),
        (
            "linea-2",
            "prensa-5:680 prensa-6:690 prensa-7:695 prensa-8:700",
            "dobladora-1:840 dobladora-2:850 dobladora-3:860 dobladora-4:870",
        ),
        (
            "linea-3",
            "soldadora-1:760 soldadora-2:770 soldadora-3:780 soldadora-4:790",
            "robot-1:800 robot-2:810 robot-3:820 robot-4:830",
        ),
        (
            "linea-4",
            "ensamble-1:1100 ensamble-2:1110 ensamble-3:1120 ensamble-4:1130",
            "prueba-1:1250 prueba-2:1260 empaque-1:950 empaque-2:960",
        ),
    ),
    codes=(
        (StateKind.PRODUCING, "Produciendo", StateKind.PRODUCING),
        (StateKind.SETUP, "Cambio de modelo", StateKind.SETUP),
        (StateKind.IDLE, "En espera", StateKind.IDLE),
        (StateKind.FAULT, "Falla", StateKind.FAULT),
        (StateKind.BLOCKED, "Salida llena", StateKind.BLOCKED),
        (StateKind.STARVED, "Sin material", StateKind.STARVED),
        (StateKind.SUSPENDED, "Suspendida", StateKind.SUSPENDED),
        (StateKind.MAINTENANCE, "Mantenimiento", StateKind.MAINTENANCE),
        (StateKind.REPAIR, "Reparación", StateKind.REPAIR),
        (StateKind.OFF, "Apagada", StateKind.OFF),
    ),
    order_prefix="X-",
    counters_restart=True,
    history_days=HISTORY_DAYS,
    temperature_s=TEMPERATURE_S,
)

CHATT_6: Final = Plant(
    name="chatt-6",
    protocol="s7",
    plan=ShiftPlan(
        "America/New_York",
        (
            ShiftRule("first", WORKING_DAYS, "07:00", "15:30", (("11:00", "11:30"),)),
            ShiftRule("second", WORKING_DAYS, "15:30", "00:00", (("19:30", "20:00"),)),
        ),
        holidays.closed_days(holidays.american_holidays),
    ),
    machines=parse_machines(
        "chatt-6",
        "assembly",
        (
            "line-a",
            "mill-1:730 mill-2:740 mill-3:750 mill-4:760",
            "lathe-1:680 lathe-2:690 lathe-3:700 lathe-4:710",
        ),
        (
            "line-b",
            "mill-5:810 mill-6:820 drill-1:650 drill-2:655",
            "grinder-1:890 grinder-2:900 washer-1:1050 washer-2:1060",
        ),
        (
            "line-c",
            "molder-1:960 molder-2:970 molder-3:980 molder-4:990",
            "oven-1:1350 oven-2:1360 trimmer-1:840 trimmer-2:850",
        ),
        (
            "line-d",
            "welder-1:720 welder-2:725 welder-3:730 welder-4:735",
            "tester-1:1180 tester-2:1190 packer-1:870 packer-2:880",
        ),
    ),
    codes=(
        (StateKind.PRODUCING, "10", StateKind.PRODUCING),
        (StateKind.SETUP, "20", StateKind.SETUP),
        (StateKind.IDLE, "30", StateKind.IDLE),
        (StateKind.FAULT, "40", StateKind.FAULT),
        (StateKind.BLOCKED, "51", StateKind.BLOCKED),
        (StateKind.STARVED, "52", StateKind.STARVED),
        (StateKind.SUSPENDED, "50", StateKind.SUSPENDED),
        (StateKind.MAINTENANCE, "60", StateKind.MAINTENANCE),
        (StateKind.REPAIR, "45", StateKind.REPAIR),
        (StateKind.OFF, "0", StateKind.OFF),
    ),
    order_prefix="C-",
    counters_restart=True,
    temperature_unit="degF",
    history_days=HISTORY_DAYS,
    temperature_s=TEMPERATURE_S,
    wrong_unit="oven-2",
)
