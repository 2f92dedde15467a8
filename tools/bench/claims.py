"""Claims: what is promised, as a ratio that has to reach its goal."""
import dataclasses
import statistics


@dataclasses.dataclass
class Claim:
    name: str
    ratio: float
    goal: float

    def line(self):
        # As it is printed, so that the line never contradicts itself.
        ratio = float(f'{self.ratio:.2f}')
        verdict = 'ok' if ratio >= self.goal else 'short'
        return f'claim {self.name} {ratio:.2f} goal {self.goal:.2f} {verdict}'


def budget_claim(name, used, budget):
    """That no more than the budget is used: the ratio says how often it would fit in."""
    return Claim(name, budget / used, 1.0)


def ratio_of_medians(ours, peer):
    return statistics.median(ours) / statistics.median(peer)


def table(rows):
    """Lines of a table: the first row is its head; the first column is left-aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ['  '.join(cell.ljust(width) if column == 0 else cell.rjust(width)
                      for column, (cell, width) in enumerate(zip(row, widths))).rstrip()
            for row in rows]
