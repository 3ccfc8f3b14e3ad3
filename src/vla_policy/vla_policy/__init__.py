# SPDX-License-Identifier: Apache-2.0
"""Vision-language-action policies in PyTorch: models, action spaces, checkpoints and inference, free of ROS."""
