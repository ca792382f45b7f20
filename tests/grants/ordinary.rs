//! Ordinary programs over files that were granted.

use super::*;

#[test]
fn ordinary_python_programs_work_inside() {
    let place = Place::new();
    let executor = executor([place.writing(1 << 20)]);
    let programs = [
        (
            "import csv\nwith open('t.csv', 'w', newline='') as f:\n    w = csv.writer(f); w.writerow(['a', 'b']); w.writerows([[1, 2], ['x,y', 'é']])\nwith open('t.csv', newline='', encoding='utf-8') as f: print(list(csv.DictReader(f)))",
            "[{'a': '1', 'b': '2'}, {'a': 'x,y', 'b': 'é'}]\n",
        ),
        (
            "import json\njson.dump({'k': [1, None]}, open('t.json', 'w'))\nprint(json.load(open('t.json')))",
            "{'k': [1, None]}\n",
        ),
        (
            "from pathlib import Path\np = Path('deep/er/x.txt'); p.parent.mkdir(parents=True, exist_ok=True); print(p.write_text('one\\ntwo\\n'))\nprint(p.read_text().splitlines(), p.exists(), p.is_file(), p.stat().st_size, p.suffix)\nprint(sorted(str(q) for q in Path('.').rglob('*.txt')))\nprint(sorted(q.name for q in Path('deep').iterdir()), Path('nope').exists())\np.unlink(); p.parent.rmdir(); print(p.exists())",
            "8\n['one', 'two'] True True 8 .txt\n['a.txt', 'deep/er/x.txt', 'sub/b.txt']\n['er'] False\nFalse\n",
        ),
        (
            "import os\nprint([(d, sorted(ds), sorted(fs)) for d, ds, fs in os.walk('sub')], os.path.isdir('sub'), os.path.getsize('a.txt'))\nwith os.scandir('.') as entries: print(sorted((e.name, e.is_dir(), e.is_file()) for e in entries if e.name < 'b'))",
            "[('sub', [], ['b.txt'])] True 11\n[('a.txt', False, True)]\n",
        ),
        (
            "import glob, fnmatch\nprint(sorted(glob.glob('**/*.txt', recursive=True)))",
            "['a.txt', 'sub/b.txt']\n",
        ),
        (
            "import shutil, os\nshutil.copy('a.txt', 'c.txt'); shutil.copytree('sub', 'sub2'); shutil.move('c.txt', 'sub2/c.txt')\nprint(sorted(os.listdir('sub2'))); shutil.rmtree('sub2'); print(os.path.exists('sub2'))",
            "['b.txt', 'c.txt']\nFalse\n",
        ),
        (
            "with open('bin', 'wb+') as f:\n    print(f.write(bytes(range(256)) * 2000), f.tell()); f.seek(255); print(f.read(3)); f.truncate(10); f.seek(0, 2); print(f.tell())\nwith open('bin', 'ab') as f: f.write(b'!')\nprint(open('bin', 'rb').read()[-2:], len(open('bin', 'rb').read()))",
            "512000 512000\nb'\\xff\\x00\\x01'\n10\nb'\\t!' 11\n",
        ),
        (
            "with open('u', 'w', encoding='utf-16') as f: print('é', 'ü', sep='|', file=f)\nprint(open('u', encoding='utf-16').read(), end='')\nwith open('n', 'w', newline='\\r\\n') as f: f.write('a\\nb\\n')\nprint(open('n', 'rb').read(), [line for line in open('n')])",
            "é|ü\nb'a\\r\\nb\\r\\n' ['a\\n', 'b\\n']\n",
        ),
        (
            "import tempfile, os\nwith tempfile.TemporaryDirectory() as d:\n    with tempfile.NamedTemporaryFile('w+', dir=d, delete=False) as f: f.write('hi')\n    print(open(f.name).read())\nprint(os.path.exists(d))",
            "hi\nFalse\n",
        ),
        (
            "import zipfile, gzip\nwith zipfile.ZipFile('z.zip', 'w') as z: z.writestr('in.txt', 'zipped')\nprint(zipfile.ZipFile('z.zip').read('in.txt'))\nwith gzip.open('g.gz', 'wt') as g: g.write('packed')\nprint(gzip.open('g.gz', 'rt').read())",
            "b'zipped'\npacked\n",
        ),
        (
            "import configparser, pickle, fileinput\npickle.dump([1], open('p', 'wb')); print(pickle.load(open('p', 'rb')))\nopen('c.ini', 'w').write('[s]\\nk = v\\n')\nc = configparser.ConfigParser(); print(c.read('c.ini'), c['s']['k'])",
            "[1]\n['c.ini'] v\n",
        ),
        (
            "import os\nos.makedirs('m/n', exist_ok=True); os.makedirs('m/n', exist_ok=True); os.replace('t.csv', 'm/t.csv'); os.chdir('m')\nprint(sorted(os.listdir()), os.path.basename(os.getcwd())); os.chdir('..')",
            "['n', 't.csv'] m\n",
        ),
        (
            "import os, time\nos.utime('a.txt', (1, 2)); s = os.stat('a.txt'); print(s.st_mtime, s.st_atime_ns, oct(s.st_mode)[:4])\nos.chmod('a.txt', 0o777); print(oct(os.stat('a.txt').st_mode & 0o111))",
            "2.0 1000000000 0o10\n0o0\n",
        ),
        (
            "total = 0\nfor _ in range(100): total += len(open('a.txt').read())\nprint(total)",
            "1100\n",
        ),
    ];
    for (code, expected) in programs {
        assert_eq!(prints(&executor, Python, code), expected, "{code}");
    }
}

#[test]
fn ordinary_javascript_programs_work_inside() {
    let place = Place::new();
    let executor = executor([place.writing(1 << 20)]);
    let programs = [
        (
            "var fs = require('fs'); fs.writeFileSync('x.txt', 'één'); fs.appendFileSync('x.txt', '!'); console.log(fs.readFileSync('x.txt', 'utf8'), fs.readFileSync('x.txt').toString(), fs.readFileSync('x.txt').length)",
            "één! één! 6\n",
        ),
        (
            "import { readFileSync, existsSync } from 'node:fs'; import { readFile } from 'fs/promises'; console.log(existsSync('x.txt'), existsSync('nope'), (await readFile('a.txt', { encoding: 'utf8' })).split('\\n').length)",
            "true false 3\n",
        ),
        (
            "fs.mkdirSync('p/q/r', { recursive: true }); console.log(fs.mkdirSync('p/q/r', { recursive: true }), fs.readdirSync('p'), fs.statSync('p').isDirectory(), fs.statSync('a.txt').size)",
            "undefined [ 'q' ] true 11\n",
        ),
        (
            "console.log(fs.readdirSync('.', { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name), fs.readdirSync('sub', { recursive: true }))",
            "[ 'p', 'sub' ] [ 'b.txt' ]\n",
        ),
        (
            "fs.renameSync('x.txt', 'p/y.txt'); fs.copyFileSync('p/y.txt', 'z.txt'); fs.rmSync('p', { recursive: true }); fs.rmSync('gone', { force: true }); console.log(fs.existsSync('p'), fs.readFileSync('z.txt', 'latin1').length); fs.unlinkSync('z.txt')",
            "false 6\n",
        ),
        (
            "var path = require('path'); console.log(path.join('a', '..', 'b'), path.resolve('x').endsWith('/data/x'), path.basename('/a/b.txt', '.txt'), path.extname('x.tar.gz'), path.dirname('/a/b'), process.cwd().endsWith('/data'))",
            "b true b .gz /a true\n",
        ),
        (
            "fs.readFile('a.txt', 'utf8', (error, text) => console.log(error, text.length)); fs.readFile('nope', (error) => console.log(error.code))",
            "null 11\nENOENT\n",
        ),
        (
            "try { fs.readFileSync('nope') } catch (e) { console.log(e.message, e.errno, e.code, e.syscall, e.path) }",
            "ENOENT: no such file or directory, open 'nope' -2 ENOENT open nope\n",
        ),
        (
            "var fd = fs.openSync('f', 'w+'); fs.writeSync(fd, 'hello'); var b = new Uint8Array(3); console.log(fs.readSync(fd, b, 0, 3, 1), String.fromCharCode(...b)); fs.closeSync(fd)",
            "3 ell\n",
        ),
    ];
    for (code, expected) in programs {
        assert_eq!(prints(&executor, JavaScript, code), expected, "{code}");
    }
}
