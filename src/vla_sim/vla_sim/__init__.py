# SPDX-License-Identifier: Apache-2.0
"""A MuJoCo room with a differential-drive robot, a camera and a laser scanner, and a thin ROS node over it."""
