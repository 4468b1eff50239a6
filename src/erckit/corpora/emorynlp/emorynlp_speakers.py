"""Speaker names of EmoryNLP that are not one person."""

from __future__ import annotations

# Several people at once.
_GROUPS = (
    "#ALL#", "All", "Both", "Everyone", "Everybody", "Crowd", "Guys", "The Guys", "Girls", "The Girls", "Kids",
    "Quartet", "The Whole Party", "Her Friends", "Phoebe's Friends", "Joey's Sisters",
)  # fmt: skip

# Roles that another person plays in the next episode, and voices without a person.
_ROLES = (
    "Guy", "Man", "Woman", "Girl", "Boy", "Kid", "Lady", "Stranger", "Friend", "Student", "Teacher", "Customer",
    "Passenger", "Waiter", "A Waiter", "The Waiter", "Waitress", "The Waitress", "Director", "The Director", "Doctor",
    "The Doctor", "Nurse", "Receptionist", "Secretary", "Clerk", "Janitor", "Host", "Announcer", "Announcement",
    "Tv Announcer", "Commercial", "Voice", "Hold Voice", "Radio", "Intercom", "Interviewer", "Producer", "Actor",
    "Singer", "Minister", "Fireman", "Referee", "Employee", "Gym Employee", "Ticket Agent", "Security Guard",
    "Delivery Guy", "Store Guy", "Casting Guy", "Flight Attendant", "Tour Guide", "Leader", "Stage Manager",
    "The Salesman", "The Saleslady", "The Vendor", "Drunk Man", "Bank Officer", "Spokeswoman", "Anchorwoman",
)  # fmt: skip

ANONYMOUS_SPEAKERS = frozenset((*_GROUPS, *_ROLES, "Unknown", ""))
