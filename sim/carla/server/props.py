"""CARLA's props: ids and about how large they are.

Source: ids of CARLA 0.9.16's static.prop catalogue; sizes are those of such things in the street.
"""

from __future__ import annotations

from typing import NamedTuple

from roadworthy.sim.world.columns import PropModel


class Prop(NamedTuple):
    """One prop."""

    name: str
    half: tuple[float, float, float]  # [m] of length, width and height
    looks: PropModel


def _props() -> dict[str, Prop]:
    table: dict[str, Prop] = {}
    for names, half, looks in _SIZES:
        for name in names.split():
            table[f"static.prop.{name}"] = Prop(f"static.prop.{name}", half, looks)
    return table


_SIZES = (
    ("constructioncone trafficcone01 trafficcone02", (0.17, 0.17, 0.29), PropModel.CONE),
    ("streetbarrier", (0.60, 0.19, 0.54), PropModel.BARRIER),
    ("chainbarrier chainbarrierend barrel", (0.35, 0.35, 0.5), PropModel.BARRIER),
    ("trafficwarning", (1.43, 1.18, 1.79), PropModel.WARNING),
    ("warningconstruction warningaccident", (0.6, 0.5, 0.6), PropModel.WARNING),
    ("advertisement kiosk_01 busstop busstoplb foodcart", (0.6, 1.2, 1.2), PropModel.CRATE),
    ("vendingmachine", (0.45, 0.55, 1.0), PropModel.CRATE),
    ("atm mailbox motorhelmet streetfountain fountain streetsign streetsign01 streetsign04",
     (0.4, 0.4, 0.9), PropModel.CRATE),
    ("bin clothcontainer container glasscontainer trashcan01 trashcan02 trashcan03 trashcan04 "
     "trashcan05 trampoline", (0.6, 0.6, 0.6), PropModel.CRATE),
    ("box01 box02 box03 creasedbox01 creasedbox02 creasedbox03 briefcase guitarcase travelcase "
     "shoppingbag shoppingcart shoppingtrolley purse", (0.2, 0.2, 0.2), PropModel.DEBRIS),
    ("bike helmet bikeparking bench01 bench02 bench03 table plastictable plasticchair slide swing "
     "swingcouch doghouse pergola maptable", (0.8, 0.4, 0.5), PropModel.CRATE),
    ("brokentile01 brokentile02 brokentile03 brokentile04 dirtdebris01 dirtdebris02 dirtdebris03 "
     "garbage01 garbage02 garbage03 garbage04 garbage05 garbage06 platformgarbage01 ironplank "
     "colacan plasticbag", (0.4, 0.4, 0.05), PropModel.DEBRIS),
    ("barbeque clothesline gardenlamp gnome haybale haybalelb lamp_01 plantpot01 plantpot02 "
     "plantpot03 plantpot04 plantpot05 plantpot06 plantpot07 plantpot08 calibrator mobile "
     "wateringcan shop01 mesh", (0.3, 0.3, 0.4), PropModel.DEBRIS),
)  # fmt: skip
PROPS = _props()
