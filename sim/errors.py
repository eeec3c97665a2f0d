"""The errors of Roadworthy: each message says what is wrong, where, and what to do."""

from __future__ import annotations


class RoadworthyError(Exception):
    """Root of all errors that Roadworthy raises on purpose."""


class InputError(RoadworthyError):
    """Something that came from outside is wrong: a file, a name, a setting (exit code 2)."""


class MapError(InputError):
    """A town is unknown, or its OpenDRIVE file cannot be compiled."""


class RouteError(InputError):
    """A route file cannot be read, or a route cannot be driven on its town."""


class EventError(InputError):
    """A scenario event is unknown, has wrong parameters, or cannot stand where it should."""


class OpenScenarioError(InputError):
    """An OpenSCENARIO file cannot be read, or asks for what this world does not do."""


class SettingsError(InputError):
    """A setting is outside of what makes sense."""


class ModelError(InputError):
    """A model file is missing, damaged, or has other inputs and outputs than expected."""


class StorageError(RoadworthyError):
    """Something could not be written: the disk is full or the folder is not ours."""


class CarlaError(RoadworthyError):
    """A CARLA server cannot be reached, did not answer in time, or is not what it should be."""


class LostServerError(CarlaError):
    """A CARLA server did not answer in time, or is gone."""


class NoServerError(CarlaError, InputError):
    """There is no CARLA server at the address that was given, or none that can be spoken with."""


class NoAnswerError(NoServerError):
    """Nothing answers at the address of a CARLA server; it may come yet."""


class NoTownError(CarlaError, MapError):
    """A CARLA server does not have the town that was asked for."""


class WorldError(RoadworthyError):
    """A world was used in a way that it does not support."""
