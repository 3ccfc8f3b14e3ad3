# SPDX-License-Identifier: Apache-2.0
"""Expert, data generation, training with DAgger rounds and closed-loop evaluation, free of ROS."""
