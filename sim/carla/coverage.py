"""What of CARLA's Python API works against our server: the table of docs/carla.md.

Run `python -m roadworthy.sim.carla.coverage` to print it. Each method of the API lives off some
methods of the wire; it is honoured as far as the least of them is. What the client does by itself,
from the state and the map that it has, needs none.
"""

from __future__ import annotations

from roadworthy.sim.carla.server import calls
from roadworthy.sim.carla.server.methods import METHODS

TABLES = calls.__all__
_RANK = {"yes": 0, "partly": 1, "no": 2}

# By class: "method: what it calls", one a line; "-" is the client alone.
_CLIENT = """
apply_batch: apply_batch
apply_batch_sync: apply_batch
generate_opendrive_world: copy_opendrive_to_file load_new_episode
get_available_maps: get_available_maps
get_client_version: -
get_required_files: get_required_files
get_server_version: version
get_trafficmanager: is_traffic_manager_running add_traffic_manager_running
get_world: get_episode_info get_sensor_token get_episode_settings
load_world: load_new_episode
load_world_if_different: load_new_episode
reload_world: load_new_episode
replay_file: replay_file
request_file: request_file
set_files_base_folder: -
set_replayer_ignore_hero: set_replayer_ignore_hero
set_replayer_ignore_spectator: set_replayer_ignore_spectator
set_replayer_time_factor: set_replayer_time_factor
set_timeout: -
show_recorder_actors_blocked: show_recorder_actors_blocked
show_recorder_collisions: show_recorder_collisions
show_recorder_file_info: show_recorder_file_info
start_recorder: start_recorder
stop_recorder: stop_recorder
stop_replayer: stop_replayer
"""
_WORLD = """
apply_color_texture_to_object: apply_color_texture_to_objects
apply_color_texture_to_objects: apply_color_texture_to_objects
apply_float_color_texture_to_object: apply_float_color_texture_to_objects
apply_float_color_texture_to_objects: apply_float_color_texture_to_objects
apply_settings: set_episode_settings
apply_textures_to_object: apply_color_texture_to_objects
apply_textures_to_objects: apply_color_texture_to_objects
cast_ray: cast_ray
debug: draw_debug_shape
enable_environment_objects: enable_environment_objects
freeze_all_traffic_lights: freeze_all_traffic_lights
get_actor: get_actors_by_id
get_actors: get_actors_by_id
get_blueprint_library: get_actor_definitions
get_environment_objects: get_environment_objects
get_imui_sensor_gravity: get_imui_gravity
get_level_bbs: get_all_level_BBs
get_lightmanager: query_lights_state update_lights_state
get_map: get_map_info get_map_data
get_names_of_all_objects: get_names_of_all_objects
get_random_location_from_navigation: get_required_files
get_settings: get_episode_settings
get_snapshot: -
get_spectator: get_spectator
get_traffic_light: -
get_traffic_light_from_opendrive_id: -
get_traffic_lights_from_waypoint: -
get_traffic_lights_in_junction: -
get_traffic_sign: -
get_vehicles_light_states: get_vehicle_light_states
get_weather: get_weather_parameters
ground_projection: project_point
id: -
load_map_layer: load_map_layer
on_tick: -
project_point: project_point
remove_on_tick: -
reset_all_traffic_lights: reset_all_traffic_lights
set_annotations_traverse_translucency: set_annotations_traverse_translucency
set_imui_sensor_gravity: set_imui_gravity
set_pedestrians_cross_factor: -
set_pedestrians_seed: -
set_weather: set_weather_parameters
spawn_actor: spawn_actor spawn_actor_with_parent
tick: tick_cue
try_spawn_actor: spawn_actor
unload_map_layer: unload_map_layer
wait_for_tick: -
"""
_ACTOR = """
actor_state: -
add_angular_impulse: add_actor_angular_impulse
add_force: add_actor_force
add_impulse: add_actor_impulse
add_torque: add_actor_torque
attributes: -
bounding_box: get_actor_bounding_box
destroy: destroy_actor
disable_constant_velocity: disable_actor_constant_velocity
enable_constant_velocity: enable_actor_constant_velocity
get_acceleration: -
get_angular_velocity: -
get_bone_names: get_actor_bone_names
get_bone_relative_transforms: get_actor_bone_relative_transforms
get_bone_world_transforms: get_actor_bone_world_transforms
get_component_names: get_actor_component_names
get_component_relative_transform: get_actor_component_relative_transform
get_component_world_transform: get_actor_component_world_transform
get_location: -
get_socket_names: get_actor_socket_names
get_socket_relative_transforms: get_actor_socket_relative_transforms
get_socket_world_transforms: get_actor_socket_world_transforms
get_transform: -
get_velocity: -
get_world: -
id: -
is_active: -
is_alive: -
is_dormant: -
parent: -
semantic_tags: -
set_collisions: set_actor_collisions
set_enable_gravity: set_actor_enable_gravity
set_location: set_actor_location
set_simulate_physics: set_actor_simulate_physics
set_target_angular_velocity: set_actor_target_angular_velocity
set_target_velocity: set_actor_target_velocity
set_transform: set_actor_transform
type_id: -
"""
_VEHICLE = """
apply_ackermann_control: apply_ackermann_control_to_vehicle
apply_ackermann_controller_settings: apply_ackermann_controller_settings
apply_control: apply_control_to_vehicle
apply_physics_control: apply_physics_control
close_door: close_vehicle_door
enable_carsim: enable_carsim
enable_chrono_physics: enable_chrono_physics
get_ackermann_controller_settings: get_ackermann_controller_settings
get_control: -
get_failure_state: -
get_light_state: get_vehicle_light_state
get_physics_control: get_physics_control
get_speed_limit: -
get_telemetry_data: get_telemetry_data
get_traffic_light: -
get_traffic_light_state: -
get_vehicle_bone_world_transforms: get_vehicle_bone_world_transforms
get_wheel_pitch_angle: get_wheel_pitch_angle
get_wheel_steer_angle: get_wheel_steer_angle
is_at_traffic_light: -
open_door: open_vehicle_door
restore_physx_physics: restore_physx_physics
set_autopilot: -
set_light_state: set_vehicle_light_state
set_wheel_pitch_angle: set_wheel_pitch_angle
set_wheel_steer_direction: set_wheel_steer_direction
show_debug_telemetry: show_vehicle_debug_telemetry
use_carsim_road: use_carsim_road
"""
_WALKER = """
apply_control: apply_control_to_walker
blend_pose: blend_pose
get_bones: get_bones_transform
get_control: -
get_pose_from_animation: get_pose_from_animation
hide_pose: blend_pose
set_bones: set_bones_transform
show_pose: blend_pose
"""
_LIGHT = """
freeze: freeze_traffic_light
get_affected_lane_waypoints: -
get_elapsed_time: -
get_green_time: -
get_group_traffic_lights: get_group_traffic_lights
get_light_boxes: get_light_boxes
get_opendrive_id: -
get_pole_index: -
get_red_time: -
get_state: -
get_stop_waypoints: -
get_yellow_time: -
is_frozen: -
reset_group: reset_traffic_light_group
set_green_time: set_traffic_light_green_time
set_red_time: set_traffic_light_red_time
set_state: set_traffic_light_state
set_yellow_time: set_traffic_light_yellow_time
state: -
trigger_volume: -
"""
_SENSOR = """
enable_gbuffers: enable_gbuffers
get_ignored_vehicles: -
disable_for_ros: disable_sensor_for_ros
enable_for_ros: enable_sensor_for_ros
is_enabled_for_ros: is_sensor_enabled_for_ros
is_listening: -
is_listening_gbuffer: -
listen: get_sensor_token
listen_to_gbuffer: get_gbuffer_token
send: send
set_ignored_vehicles: set_ignored_vehicles
stop: -
stop_gbuffer: -
"""
_MAP = """
cook_in_memory_map: -
generate_waypoints: -
geolocation_to_transform: -
get_all_landmarks: -
get_all_landmarks_from_id: -
get_all_landmarks_of_type: -
get_all_road_marks: -
get_all_road_marks_of_type: -
get_crosswalks: -
get_landmark_group: -
get_road_marks_from_id: -
get_spawn_points: get_map_info
get_topology: -
get_waypoint: -
get_waypoint_xodr: -
name: -
save_to_disk: -
to_opendrive: -
transform_to_geolocation: -
"""
CLASSES = {
    "Client": _CLIENT,
    "World": _WORLD,
    "Actor": _ACTOR,
    "Vehicle": _VEHICLE,
    "Walker": _WALKER,
    "TrafficLight": _LIGHT,
    "Sensor": _SENSOR,
    "Map": _MAP,
}


def coverage() -> dict[str, dict[str, tuple[str, str]]]:
    """By class and method: yes, partly or no, and what is to be said about it."""
    table: dict[str, dict[str, tuple[str, str]]] = {}
    for name, text in CLASSES.items():
        rows = table[name] = {}
        for line in text.strip().splitlines():
            method, _, wire = line.partition(":")
            rows[method] = _judge([part for part in wire.split() if part != "-"])
    return table


def _judge(wire: list[str]) -> tuple[str, str]:
    if not wire:
        return "yes", "the client does it by itself"
    worst, note = "yes", ""
    for name in wire:
        entry = METHODS.get(name)
        honoured = "no" if entry is None else entry.honoured
        if _RANK[honoured] > _RANK[worst]:
            worst = honoured
            doc = "" if entry is None else (entry.call.__doc__ or "")
            note = doc.strip().splitlines()[0] if doc else "refused"
    return worst, note


def markdown() -> str:
    """The table for the docs."""
    lines = []
    for name, rows in coverage().items():
        lines += [f"### carla.{name}", ""]
        full = [method for method, (honoured, _) in rows.items() if honoured == "yes"]
        lines += [f"Yes: {', '.join(f'`{method}`' for method in full)}.", ""]
        rest = [(m, h, note) for m, (h, note) in rows.items() if h != "yes"]
        if rest:
            lines += ["| method | | |", "|---|---|---|"]
            lines += [f"| `{method}` | {honoured} | {note} |" for method, honoured, note in rest]
            lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())
