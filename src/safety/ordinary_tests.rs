//! Ordinary programs: nothing worse than low is seen in them.

use super::findings;
use crate::protocol::{Language, Severity};

#[test]
fn ordinary_programs_give_no_alarm() {
    let mut wrong = Vec::new();
    for (language, programs) in [
        (Language::Python, PYTHON),
        (Language::JavaScript, JAVASCRIPT),
        (Language::Shell, SHELL),
    ] {
        for program in programs {
            let found = findings(language, program);
            let alarms: Vec<_> = found
                .iter()
                .filter(|finding| finding.severity > Severity::Low || finding.rule == "syntax")
                .collect();
            if !alarms.is_empty() {
                wrong.push(format!("{program:?}: {alarms:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const PYTHON: &[&str] = &[
    "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nprint(fib(20))",
    "class Point:\n    __slots__ = ('x', 'y')\n    def __init__(self, x, y):\n        self.x, self.y = x, y\n    def __repr__(self):\n        return f'{self.__class__.__name__}({self.x!r}, {self.y!r})'\n",
    "import re\npattern = re.compile(r'(\\w+)@(\\w+)\\.com')\nprint(pattern.findall('a@b.com'))",
    "from collections import Counter, defaultdict\nwords = 'a b a'.split()\nprint(Counter(words).most_common(2))",
    "import itertools\nfor i in itertools.count():\n    if i > 10:\n        break\nprint(list(itertools.islice(itertools.count(), 5)))",
    "while True:\n    line = input('> ')\n    if line == 'quit':\n        break\n    print(line.upper())\n",
    "while True:\n    try:\n        n = int(input())\n        break\n    except ValueError:\n        print('again')\n",
    "def numbers():\n    n = 0\n    while True:\n        yield n\n        n += 1\n",
    "import asyncio\nasync def tick():\n    while True:\n        await asyncio.sleep(1)\n        print('tick')\n",
    "import json\ndata = json.loads('{\"a\": [1, 2]}')\nprint(json.dumps(data, indent=2))",
    "with open('data.csv') as f:\n    rows = [line.split(',') for line in f]\nprint(len(rows))",
    "print(2 ** 100, 10 ** 9, 1 << 64, 'ab' * 40, [0] * 1000, 2.0 ** 1000)",
    "class Plugin:\n    pass\nclass A(Plugin):\n    pass\nprint(Plugin.__subclasses__(), A.__mro__, A.__dict__, A.__doc__)",
    "import os.path\nprint(os.path.join('a', 'b'), os.getcwd(), os.environ.get('HOME'), os.sep)",
    "def decorate(f):\n    import functools\n    @functools.wraps(f)\n    def inner(*a, **k):\n        return f(*a, **k)\n    return inner\n",
    "import sys\nif __name__ == '__main__':\n    sys.exit(len(sys.argv))\n",
    "import base64, hashlib\nprint(base64.b64encode(b'hi'), hashlib.sha256(b'hi').hexdigest())",
    "import datetime\nprint('{:>10} {:%Y}'.format('x', datetime.date(2020, 1, 1)), '%05d' % 3, f'{3.14159:.2f}')",
    "password = input('password: ')\ntoken = os.environ['TOKEN']\nAPI_KEY = 'your-api-key-here'\nsecret = 'changeme'",
    "getattr(object(), 'name', None)\nsetattr(x, field, 1)\nsuper().__setattr__('x', 1)\nx.__dict__.update(y)",
    "from pathlib import Path\nfor p in sorted(Path('.').glob('*.txt')):\n    print(p.name, p.read_text()[:10])",
    "text = 'na\u{ef}ve \u{4f60}\u{597d} \u{1f600}'\nprint(text[::-1], ''.join(sorted(text)))",
    "print('\\x1b[31mred\\x1b[0m', '\\u00e9\\u00e8', b'\\x00\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\x09\\x0a\\x0b\\x0c')",
    "async def main():\n    results = await asyncio.gather(*(f(i) for i in range(10)))\n    return results\n",
];

const JAVASCRIPT: &[&str] = &[
    "const fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2)\nconsole.log(fib(20))",
    "class A { #x = 1; get x() { return this.#x } clone() { return new this.constructor() } }\nnew A().x",
    "const m = new Map([['a', 1]]); for (const [k, v] of m) console.log(k, v)",
    "async function f() { const r = await Promise.all([1, 2].map(async x => x * 2)); return r }\nawait f()",
    "while (true) { const x = next(); if (x.done) break; use(x.value) }",
    "function* g() { let i = 0; while (true) yield i++ }\n[...take(3, g())]",
    "console.log('ab'.repeat(80), new Array(1000).fill(0), 2 ** 31, 2n ** 64n, 'x'.padStart(20))",
    "const { a, ...rest } = { a: 1, b: 2 }; JSON.stringify({ a, rest }, null, 2)",
    "'a-b-c'.split('-').reverse().join(' ').replace(/\\w/g, c => c.toUpperCase())",
    "Array.prototype.last = function () { return this[this.length - 1] }\n[1, 2].last()",
    "try { null.x } catch (e) { console.error(e.constructor.name, e.message, e.stack) }",
    "setTimeout(() => console.log('later'), 10)\nsetInterval(tick, 1000)",
    "const x = Object.create(null); Object.setPrototypeOf(y, Base.prototype); Object.keys(x)",
    "for (;;) { if (Math.random() > 0.9) break }",
    "import path from 'path'\nconsole.log(process.argv.slice(2), process.env.HOME, path.join('a', 'b'))",
];

const SHELL: &[&str] = &[
    "ls -la | grep foo | wc -l",
    "for f in *.txt; do echo \"$f: $(wc -l < \"$f\")\"; done",
    "if [ -f x ]; then cat x; else echo none; fi",
    "cat > notes.txt <<'EOF'\nsome $text `here`\nEOF",
    "mkdir -p build && cd build && touch a b c && rm -rf old",
    "seq 1 10 | awk '{ s += $1 } END { print s }'",
    "sed -i 's/foo/bar/g' file.txt; sort -u file.txt | head -5",
    "find . -name '*.py' -exec wc -l {} +",
    "count=$((1 + 2)); echo \"${count:-0}\" > out.txt 2>&1",
    "while read -r line; do printf '%s\\n' \"$line\"; done < input",
    "case \"$1\" in start) echo go ;; *) echo usage ;; esac",
    "greet() { echo \"hello $1\"; }\ngreet world | tr a-z A-Z",
    "git status && git add -A && git commit -m 'a message'",
    "tar czf out.tar.gz dir; tar -xzf out.tar.gz; du -sh . | cut -f1",
    "python3 script.py --flag value; make -j4; env | sort; date +%Y-%m-%d",
    "xargs -n1 echo < list; chmod +x run.sh; chmod 644 a; ./run.sh",
];
