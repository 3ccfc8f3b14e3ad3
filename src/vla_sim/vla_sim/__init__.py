# SPDX-License-Identifier: Apache-2.0
"""A MuJoCo room with a robot, a camera and a scanner, and a thin ROS node over it."""
