# SPDX-License-Identifier: Apache-2.0
"""RT-2: actions as words of a vision-language model (arXiv 2307.15818)."""
