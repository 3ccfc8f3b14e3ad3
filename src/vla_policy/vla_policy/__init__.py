# SPDX-License-Identifier: Apache-2.0
"""Vision-language-action policies in PyTorch, free of ROS."""
