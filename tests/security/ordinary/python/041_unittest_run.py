# A test suite with unittest, run from within.
import io
import unittest


class Tests(unittest.TestCase):
    def setUp(self):
        self.values = [1, 2]

    def test_sum(self):
        self.assertEqual(sum(self.values), 3)

    def test_error(self):
        with self.assertRaises(IndexError):
            self.values[5]

    def test_fails(self):
        self.assertIn(3, self.values)


result = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(Tests))
print(result.testsRun, len(result.failures), len(result.errors))
