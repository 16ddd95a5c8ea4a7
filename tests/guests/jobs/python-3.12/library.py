# Pieces of the standard library under unittest.
import ast
import csv
import dataclasses
import datetime
import difflib
import email
import heapq
import io
import itertools
import pickle
import random
import string
import sys
import textwrap
import unittest
import xml.etree.ElementTree


@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: int = 0


class Pieces(unittest.TestCase):
    def test_csv_round_trip(self):
        rows = [["a", 'quoted "b"', "line\nbreak"], ["1", "", ","]]
        file = io.StringIO()
        csv.writer(file).writerows(rows)
        self.assertEqual(list(csv.reader(io.StringIO(file.getvalue()))), rows)

    def test_seeded_random_is_known(self):
        self.assertEqual(random.Random(7).sample(range(1000), 4), [331, 970, 154, 404])

    def test_pickle_keeps_objects(self):
        points = [Point(i, -i) for i in range(50)]
        self.assertEqual(pickle.loads(pickle.dumps(points)), points)

    def test_heap_sorts(self):
        values = random.Random(1).choices(range(10_000), k=3000)
        heapq.heapify(heap := list(values))
        self.assertEqual([heapq.heappop(heap) for _ in values], sorted(values))

    def test_xml(self):
        tree = xml.etree.ElementTree.fromstring("<a><b n='1'>t&amp;</b><b n='2'/></a>")
        self.assertEqual([(e.get("n"), e.text) for e in tree.iter("b")], [("1", "t&"), ("2", None)])

    def test_compiles_itself(self):
        with open(__file__, encoding="utf-8") as file:
            tree = ast.parse(file.read())
        self.assertIn("Pieces", [node.name for node in tree.body if isinstance(node, ast.ClassDef)])

    def test_dates(self):
        day = datetime.date(2024, 2, 28) + datetime.timedelta(days=2)
        self.assertEqual((day.isoformat(), day.isocalendar().week), ("2024-03-01", 9))

    def test_generators_and_text(self):
        self.assertEqual(len(list(itertools.permutations(range(7)))), 5040)
        self.assertEqual(textwrap.fill("word " * 30, 20).count("\n"), 7)
        self.assertEqual(string.Template("$a-$b").substitute(a=1, b=2), "1-2")
        self.assertEqual("".join(difflib.ndiff(["a\n"], ["b\n"])), "- a\n+ b\n")
        self.assertEqual(email.message_from_string("To: x\n\nbody")["to"], "x")


class Queens(unittest.TestCase):
    def test_eight_queens(self):
        def place(row, columns, up, down):
            if row == 7:
                return 1
            return sum(place(row + 1, columns | {c}, up | {row + c}, down | {row - c})
                       for c in range(7) if c not in columns and row + c not in up and row - c not in down)
        self.assertEqual(place(0, frozenset(), frozenset(), frozenset()), 40)


# The runner tells the seconds it took: only its result is printed.
result = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"]))
for case, text in result.failures + result.errors:
    print(case, text)
print("OK" if result.wasSuccessful() else "failed", result.testsRun)
