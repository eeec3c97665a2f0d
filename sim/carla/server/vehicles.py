"""CARLA's vehicles: ids, sizes and wheels.

Source: ids, base types and generations from CARLA 0.9.16's vehicle catalogue; half sizes as
`Vehicle.bounding_box` gives them, known from data sets recorded with CARLA.
"""

from __future__ import annotations

from typing import NamedTuple

from roadworthy.sim.world.columns import Kind


class Model(NamedTuple):
    """One model of vehicle."""

    id: str
    base: str  # base_type: car, truck, van, bus, motorcycle, bicycle
    half: tuple[float, float, float]  # [m] of length, width and height
    mass: float  # [kg] as get_physics_control gives it
    generation: int = 1
    wheels: int = 4
    special: str = ""  # emergency, taxi, electric
    doors: bool = False
    lights: bool = False
    colors: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """What it is in Roadworthy's world."""
        return _KINDS[self.base]


_KINDS = {
    "car": Kind.CAR,
    "van": Kind.VAN,
    "truck": Kind.TRUCK,
    "bus": Kind.BUS,
    "motorcycle": Kind.MOTORCYCLE,
    "bicycle": Kind.BICYCLE,
}
_PAINT = ("17,37,103", "75,87,173", "180,44,44", "137,0,0", "44,44,44", "160,160,160", "0,0,0")

MODELS = (
    Model("vehicle.audi.a2", "car", (1.852684, 0.894339, 0.776490), 1430.0, colors=_PAINT),
    Model("vehicle.audi.etron", "car", (2.427854, 1.016380, 0.824714), 2490.0, special="electric",
          lights=True, colors=_PAINT),
    Model("vehicle.audi.tt", "car", (2.090605, 0.997059, 0.692657), 1460.0, lights=True,
          colors=_PAINT),
    Model("vehicle.bh.crossbike", "bicycle", (0.743686, 0.429628, 0.552005), 80.0, wheels=2,
          colors=_PAINT),
    Model("vehicle.bmw.grandtourer", "car", (2.305503, 1.120857, 0.833638), 1850.0, colors=_PAINT),
    Model("vehicle.carlamotors.carlacola", "truck", (2.601919, 1.307131, 1.233882), 6500.0,
          lights=False, colors=("255,68,0", "255,255,255")),
    Model("vehicle.carlamotors.european_hgv", "truck", (3.967860, 1.445494, 1.734239), 18000.0, 2,
          lights=True, colors=("255,255,255", "44,44,44")),
    Model("vehicle.carlamotors.firetruck", "truck", (4.234063, 1.445496, 1.913754), 16000.0, 2,
          special="emergency", doors=True, lights=True),
    Model("vehicle.chevrolet.impala", "car", (2.678740, 1.016601, 0.705277), 1830.0,
          colors=_PAINT),
    Model("vehicle.citroen.c3", "car", (1.993835, 0.925486, 0.808576), 1160.0, colors=_PAINT),
    Model("vehicle.diamondback.century", "bicycle", (0.821422, 0.186258, 0.919214), 80.0,
          wheels=2, colors=_PAINT),
    Model("vehicle.dodge.charger_2020", "car", (2.503000, 1.048500, 0.767300), 1920.0, 2,
          doors=True, lights=True, colors=_PAINT),
    Model("vehicle.dodge.charger_police", "car", (2.487122, 1.019203, 0.771096), 1920.0,
          special="emergency", lights=True),
    Model("vehicle.dodge.charger_police_2020", "car", (2.618599, 1.048500, 0.819100), 1920.0, 2,
          special="emergency", doors=True, lights=True),
    Model("vehicle.ford.ambulance", "van", (3.182920, 1.175560, 1.215634), 4500.0, 2,
          special="emergency", doors=True, lights=True),
    Model("vehicle.ford.crown", "car", (2.682850, 0.900400, 0.787450), 1850.0, 2, special="taxi",
          doors=True, lights=True, colors=("255,196,0",)),
    Model("vehicle.ford.mustang", "car", (2.358758, 0.947324, 0.650422), 1610.0, lights=True,
          colors=_PAINT),
    Model("vehicle.gazelle.omafiets", "bicycle", (0.917700, 0.164436, 0.888424), 80.0, wheels=2,
          colors=_PAINT),
    Model("vehicle.harley-davidson.low_rider", "motorcycle", (1.177885, 0.381900, 0.818500), 320.0,
          wheels=2, lights=True, colors=_PAINT),
    Model("vehicle.jeep.wrangler_rubicon", "car", (1.933100, 0.952600, 0.938950), 1830.0,
          colors=_PAINT),
    Model("vehicle.kawasaki.ninja", "motorcycle", (1.016700, 0.401200, 0.726300), 250.0, wheels=2,
          lights=True, colors=_PAINT),
    Model("vehicle.lincoln.mkz_2017", "car", (2.450842, 1.064162, 0.755373), 2090.0, lights=True,
          colors=_PAINT),
    Model("vehicle.lincoln.mkz_2020", "car", (2.446193, 0.918344, 0.744980), 2320.0, 2,
          doors=True, lights=True, colors=_PAINT),
    Model("vehicle.mercedes.coupe", "car", (2.513388, 1.075773, 0.825400), 2055.0, lights=True,
          colors=_PAINT),
    Model("vehicle.mercedes.coupe_2020", "car", (2.336819, 1.000624, 0.720423), 2055.0, 2,
          doors=True, lights=True, colors=_PAINT),
    Model("vehicle.mercedes.sprinter", "van", (2.957560, 0.994200, 1.280350), 2500.0, 2,
          doors=True, lights=True, colors=("255,255,255", "44,44,44", "160,160,160")),
    Model("vehicle.micro.microlino", "car", (1.103600, 0.740400, 0.687950), 513.0,
          special="electric", colors=_PAINT),
    Model("vehicle.mini.cooper_s", "car", (1.902900, 0.985137, 0.737549), 1270.0, colors=_PAINT),
    Model("vehicle.mini.cooper_s_2021", "car", (2.276350, 1.048550, 0.883550), 1270.0, 2,
          doors=True, lights=True, colors=_PAINT),
    Model("vehicle.mitsubishi.fusorosa", "bus", (5.136150, 1.972100, 2.126950), 6800.0, 2,
          doors=True, lights=True, colors=("255,255,255", "75,87,173")),
    Model("vehicle.nissan.micra", "car", (1.816600, 0.922500, 0.750600), 1020.0, colors=_PAINT),
    Model("vehicle.nissan.patrol", "car", (2.302300, 0.965800, 0.927700), 2750.0, colors=_PAINT),
    Model("vehicle.nissan.patrol_2021", "car", (2.782914, 1.074924, 1.022700), 2750.0, 2,
          doors=True, lights=True, colors=_PAINT),
    Model("vehicle.seat.leon", "car", (2.096413, 0.908100, 0.737000), 1320.0, colors=_PAINT),
    Model("vehicle.tesla.cybertruck", "truck", (3.136777, 1.194750, 1.049158), 3000.0,
          special="electric", lights=True),
    Model("vehicle.tesla.model3", "car", (2.395890, 1.081725, 0.744159), 1845.0,
          special="electric", lights=True, colors=_PAINT),
    Model("vehicle.toyota.prius", "car", (2.256742, 1.003385, 0.762425), 1420.0,
          special="electric", colors=_PAINT),
    Model("vehicle.vespa.zx125", "motorcycle", (0.902300, 0.433300, 0.787100), 195.0, wheels=2,
          lights=True, colors=_PAINT),
    Model("vehicle.volkswagen.t2", "van", (2.240230, 1.034700, 1.018800), 1300.0, lights=True,
          colors=_PAINT),
    Model("vehicle.volkswagen.t2_2021", "van", (2.221100, 0.887200, 0.993600), 1300.0, 2,
          doors=True, lights=True, colors=_PAINT),
    Model("vehicle.yamaha.yzf", "motorcycle", (1.104700, 0.433500, 0.625600), 250.0, wheels=2,
          lights=True, colors=_PAINT),
)  # fmt: skip
BY_ID = {model.id: model for model in MODELS}
