"""Writes a small sales report for the days that the timer's payload asks for."""

import csv
import json
import logging
import os
from datetime import datetime, timedelta

HERE = os.path.dirname(os.path.abspath(__file__))
SALES = []


def initialize(context):
    """Read the figures once for every instance."""
    with open(os.path.join(HERE, "sales.csv")) as table:
        SALES.extend(
            (row["weekday"], int(row["orders"]), float(row["amount"]))
            for row in csv.DictReader(table)
        )
    logging.getLogger().info("read %d rows", len(SALES))


def handler(event, context):
    """Return the report of one timer event as text."""
    told = json.loads(event)
    wanted = json.loads(told["payload"])
    last = datetime.strptime(told["triggerTime"], "%Y-%m-%dT%H:%M:%SZ").date()
    days = [last - timedelta(days=back) for back in range(wanted["days"], 0, -1)]
    rows = [(day, SALES[day.weekday()]) for day in days]
    lines = ["%s, %s to %s" % (os.environ["TITLE"], days[0], days[-1])]
    lines += [
        "%s %-9s %4d orders %10.2f" % (day, name, orders, amount)
        for day, (name, orders, amount) in rows
    ]
    total = sum(amount for _, (_, _, amount) in rows)
    lines.append("%s total %.2f" % (wanted["currency"], total))
    return "\n".join(lines) + "\n"
