# SPDX-License-Identifier: Apache-2.0
"""BabyAI (arXiv 1810.08272): the networks judged on tasks and by rules that others wrote."""
