import io
import unittest
from unittest import mock


class Calculator:
    def add(self, a, b):
        return a + b

    def fetch(self):
        raise NotImplementedError


class CalculatorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = Calculator()

    def setUp(self):
        self.calculator = Calculator()

    def test_add(self):
        self.assertEqual(self.calculator.add(1, 2), 3)
        self.assertAlmostEqual(0.1 + 0.2, 0.3)
        self.assertIn(1, [1, 2])
        self.assertDictEqual({"a": 1}, {"a": 1})

    def test_raises(self):
        with self.assertRaises(NotImplementedError):
            self.calculator.fetch()
        with self.assertRaisesRegex(ValueError, "inval"):
            int("x")

    def test_failing(self):
        self.assertEqual([1, 2], [1, 3])

    def test_error(self):
        raise RuntimeError("unexpected")

    @unittest.skip("not now")
    def test_skipped(self):
        pass

    @unittest.expectedFailure
    def test_expected(self):
        self.fail("as expected")

    def test_subtests(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertLess(i, 2)

    def test_mock(self):
        m = mock.Mock(return_value=5)
        self.assertEqual(m(1, x=2), 5)
        m.assert_called_once_with(1, x=2)
        with mock.patch.object(Calculator, "fetch", return_value="patched"):
            self.assertEqual(self.calculator.fetch(), "patched")


stream = io.StringIO()
suite = unittest.defaultTestLoader.loadTestsFromTestCase(CalculatorTest)
result = unittest.TextTestRunner(stream=stream, verbosity=2).run(suite)
print(result.testsRun, len(result.failures), len(result.errors), len(result.skipped), len(result.expectedFailures))
print(sorted(test.id().split(".")[-1] for test, _ in result.failures + result.errors)[:2])
print(result.wasSuccessful(), "Ran 8 tests" in stream.getvalue(), "AssertionError: Lists differ" in stream.getvalue())
magic = mock.MagicMock()
magic.method.side_effect = [1, ValueError]
magic.__len__.return_value = 3
print(magic.method(), len(magic), magic.method.call_count)
