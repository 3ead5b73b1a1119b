"""What the plugin itself says no to, as a branch of the library's tree.

VinymaticError
├── RefusedError      what was asked cannot succeed, or needs --yes
├── WhichIndexError   the namespace has no VinylIndex, or several, and no name was given
└── NotEndedError     what was waited for ended badly, or not in time
"""

from __future__ import annotations

from vinymatic.errors import VinymaticError


class RefusedError(VinymaticError):
    code = "refused"


class WhichIndexError(VinymaticError):
    code = "which_index"


class NotEndedError(VinymaticError):
    code = "not_ended"
