# SPDX-License-Identifier: Apache-2.0
from hypothesis import settings

# Time says nothing about a property on a machine that is shared.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
