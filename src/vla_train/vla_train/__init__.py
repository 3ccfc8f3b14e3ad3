# SPDX-License-Identifier: Apache-2.0
"""Expert, data, training and closed-loop evaluation, free of ROS."""
