"""Sample events: read `events/`, fill in values.

`catalog` finds sources, `event` makes an event of one, `reading` takes one that the user gives.
Each is imported by itself: an event from a file needs nothing that invents one.
"""
