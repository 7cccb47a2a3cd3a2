"""Turns a file of orders into reports, by country and by customer. `spoilt_orders.csv` makes it fail."""

import csv
import datetime as dt
import io
from collections import Counter
from decimal import Decimal, InvalidOperation

import pandas as pd
from metaflow import FlowSpec, IncludeFile, Parameter, card, current, step
from metaflow.cards import Markdown, Table


class SpoiltOrder(Exception):
    """An order that cannot be read, which is better looked at than skipped."""


class OrdersFlow(FlowSpec):
    """Reads orders, then sums them up in two ways at once."""

    orders = IncludeFile("orders", help="A file with the columns order, customer, country, amount, placed.")
    currency = Parameter("currency", default="EUR")

    @card(type="blank")
    @step
    def start(self):
        """Reads the file, and shows it as a card."""
        self.rows = list(csv.DictReader(io.StringIO(self.orders)))
        self.frame = pd.read_csv(io.StringIO(self.orders), parse_dates=["placed"])
        self.order_count = len(self.rows)
        current.card.append(Markdown(f"# {self.order_count} orders"))
        current.card.append(Table.from_dataframe(self.frame))
        print(f"{self.order_count} orders")
        self.next(self.clean)

    @step
    def clean(self):
        """Makes numbers and dates of the texts; an order that has none ends the run."""
        for row in self.rows:
            print("cleaning order", row["order"])
            try:
                row["amount"] = Decimal(row["amount"])
            except InvalidOperation as error:
                raise SpoiltOrder(f"order {row['order']}: {row['amount']!r} is no amount") from error
            row["placed"] = dt.date.fromisoformat(row["placed"])
        self.next(self.by_country, self.by_customer)

    @step
    def by_country(self):
        self.totals = self.sums("country")
        self.next(self.report)

    @step
    def by_customer(self):
        self.totals = self.sums("customer")
        self.next(self.report)

    @step
    def report(self, inputs):
        """Brings both reports together."""
        self.merge_artifacts(inputs, exclude=["totals"])
        self.countries, self.customers = inputs.by_country.totals, inputs.by_customer.totals
        self.total = sum(self.countries.values())
        self.next(self.end)

    @step
    def end(self):
        print(f"{self.total} {self.currency} from {len(self.customers)} customers in {len(self.countries)} countries")

    def sums(self, column):
        totals = Counter()
        for row in self.rows:
            totals[row[column]] += row["amount"]
        return dict(totals.most_common())


if __name__ == "__main__":
    OrdersFlow()
