"""Speaker names of MELD that are not one person: no identity, no history."""

from __future__ import annotations

import itertools

from erckit.corpora.emorynlp.emorynlp_speakers import ANONYMOUS_SPEAKERS as _OF_THE_SAME_SHOW

_SIX = ("Chandler", "Joey", "Monica", "Phoebe", "Rachel", "Ross")
_TWO = tuple(f"{first} and {second}" for first, second in itertools.permutations(_SIX, 2))

# Roles and groups as this corpus writes them; those of the other corpus of the show come on top.
_ROLES = (
    "All", "an", "Her-Friends", "Message", "Guy #1", "Guy #2", "Nurse #1", "Nurse #2", "Friend No. 1", "Friend No. 2",
    "Fireman No. 1", "Fireman No. 2", "Fireman No. 3", "The Fireman", "1st Customer", "2nd Customer", "3rd Customer",
    "A Student", "A Female Student", "Another Scientist", "Another Tour Guide", "Older Scientist", "Airline Employee",
    "Front Desk Clerk", "Hotel Clerk", "The Woman", "The Instructor", "The Interviewer", "The Conductor",
    "The Librarian", "The Presenter", "The Security Guard", "The Casting Director", "The Assistant Director",
    "Stage Director", "TV Announcer", "Policeman", "Passerby", "Supervisor", "Lecturer", "Hitchhiker",
)  # fmt: skip

MELD_ANONYMOUS_SPEAKERS = frozenset((*_OF_THE_SAME_SHOW, *_TWO, *_ROLES))
