//! Tools from the code of programs: the module `companion` in Python and JavaScript, and what the
//! policy makes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::home::Home;

/// A program of `tests/desk`.
fn program(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/desk");
    path.join(name).to_string_lossy().into_owned()
}

/// Runs Python that has to end well; what it printed.
fn python(home: &Home, code: &str) -> String {
    home.out(&["run", "--code", code], 0)
}

fn write(home: &Home, name: &str, content: &str) -> PathBuf {
    fs::write(home.path(name), content).expect("written");
    home.path(name)
}

#[test]
fn the_examples_of_the_plan_run_as_they_stand() {
    let home = Home::new();
    let executed = home.out(&["run", &program("plan_execution.py")], 0);
    assert_eq!(executed, "55\n\n0\n[ 2, 4, 6 ]\n\n2\n\n");
    let ran = home.run(&["run", &program("plan_generation.py")], 0);
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "(64, 64)\n");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(said.contains("output.png is not written"), "{said}");
    assert!(!home.path("output.png").exists());
    let called = home.out(&["run", &program("plan_tools.py")], 0);
    assert_eq!(called, "8\n");
    // Where the policy lets it, the file is there.
    home.policy(
        "[[rule]]\nrule = \"allow\"\ntool = \"save_image\"\nwhere.path.is = \"output.png\"\n",
    );
    let said = home.err(&["run", &program("plan_generation.py")], 0);
    assert_eq!(said, "");
    let saved = image::open(home.path("output.png")).expect("a picture");
    assert_eq!((saved.width(), saved.height()), (64, 64));
    // What was made is found again.
    let made = home.call("artifacts", &json!({ "words": "serene" }), 0);
    let found = made["structured"]["pictures"].as_array();
    assert_eq!(found.map(Vec::len), Some(2), "{made}");
}

#[test]
fn what_touches_nothing_passes_and_the_rest_asks_and_so_is_denied() {
    let home = Home::new();
    write(&home, "secret.txt", "the moon");
    let code = "\
from companion import call, ToolError
for name, arguments in [('read_file', {'path': 'secret.txt'}), ('fetch_url', {'url': 'http://example.org'}),
        ('write_file', {'path': 'a.txt', 'content': 'x'}), ('history_search', {'words': 'x'}),
        ('image_info', {'image': 'secret.txt'}), ('system_info', {})]:
    try:
        print(call(name, **arguments))
    except ToolError as error:
        print(error.kind, name)
print(call('run_python', code='1 + 1')['result'])";
    assert_eq!(
        python(&home, code),
        "denied read_file\ndenied fetch_url\ndenied write_file\ndenied history_search\n\
         denied image_info\ndenied system_info\n2\n"
    );
    assert!(!home.path("a.txt").exists());
    home.policy(
        "[default]\nsandbox = \"deny\"\n[[rule]]\nrule = \"allow\"\ntool = \"read_file\"\n\
         from = [\"sandbox\"]\nwhere.path.inside = \".\"\n",
    );
    let code = "\
import companion
print(companion.read_file('secret.txt'))
try:
    companion.run_python('1')
except companion.ToolError as error:
    print(error)
try:
    print(companion.read_file('/etc/hostname'))
except companion.ToolError as error:
    print(error.kind)";
    let told = python(&home, code);
    assert!(told.contains("the moon"), "{told}");
    assert!(told.contains("by the default for sandbox"), "{told}");
    assert!(told.ends_with("denied\n"), "{told}");
    let log = home.out(&["audit", "show", "--json"], 0);
    let lines = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"));
    let of_sandbox = lines.filter(|line: &Value| line["origin"] == "sandbox");
    let of_sandbox: Vec<Value> = of_sandbox.collect();
    assert!(of_sandbox.len() >= 9, "{log}");
    // A question that nobody can be asked has an end, too.
    let ended = |outcome: &str| {
        of_sandbox
            .iter()
            .filter(|line| line["outcome"] == outcome)
            .count()
    };
    assert!(
        ended("pending") > 0 && ended("denied") > ended("pending"),
        "{log}"
    );
    home.out(&["audit", "verify"], 0);
}

#[test]
fn a_picture_is_a_value() {
    let home = Home::new();
    let code = "\
from companion import Image
dots = Image.from_pixels(2, 2, bytes([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 9, 9, 9, 128]))
print(dots.size, dots.getpixel((1, 0)), dots.getpixel((1, 1)))
print(list(dots.crop((0, 1, 2, 2)).mirror().pixels()))
print(dots == Image.from_pixels(2, 2, dots.pixels()), dots.invert() == dots, len({dots, dots}))
print(dots.compare(dots.invert())['max'], dots.resize((4, 6)).size, dots.thumbnail((1, 1)).size)
print(dots.paste(dots.crop((0, 0, 1, 1)), (1, 1)).getpixel((1, 1)))
print(dots.convert('jpeg').format, dots.convert('jpeg').read()[:2].hex(), dots.read()[:4])
print(Image.from_bytes(dots.read()) == dots)
for wrong in (lambda: dots.crop((0, 0, 3, 1)), lambda: Image.from_pixels(2, 2, b'x'), lambda: Image.from_bytes(b'no'),
        lambda: Image('00' * 32, 1, 1).pixels(), lambda: dots.save('x.tiff'), lambda: setattr(dots, 'width', 3)):
    try:
        print(wrong())
    except Exception as error:
        print(type(error).__name__)";
    assert_eq!(
        python(&home, code),
        "(2, 2) (0, 255, 0, 255) (9, 9, 9, 128)\n\
         [9, 9, 9, 128, 0, 0, 255, 255]\n\
         True False 1\n\
         255 (4, 6) (1, 1)\n\
         (255, 0, 0, 255)\n\
         image/jpeg ffd8 b'\\x89PNG'\n\
         True\n\
         ToolError\nValueError\nValueError\nOSError\nValueError\nAttributeError\n"
    );
    // Where code may write by itself, it does.
    let folder = home.folder().to_string_lossy().into_owned();
    let code = format!(
        "{}\ndots.save('{folder}/dots.gif')",
        code.lines().take(2).collect::<Vec<_>>().join("\n")
    );
    home.out(&["run", "--allow-write", &folder, "--code", &code], 0);
    assert_eq!(
        &fs::read(home.path("dots.gif")).expect("written")[..4],
        b"GIF8"
    );
}

#[test]
fn pictures_that_are_pasted_are_bounded_together() {
    let home = Home::new();
    let code = "\
from companion import call, Image, ToolError
big = Image.from_pixels(1, 1, bytes(4)).resize((6000, 6000))
for count in (2, 3, 17):
    try:
        made = call('edit_image', image=big.crop((0, 0, 2, 2)).handle, edits=[],
                    sources={f's{number}': big.handle for number in range(count)})
        print('made')
    except ToolError as error:
        print(error)";
    let told = python(&home, code);
    assert!(told.starts_with("made\n"), "{told}");
    assert!(told.contains("more than 100 million pixels"), "{told}");
    assert!(told.contains("sources"), "{told}");
}

#[test]
fn only_pictures_are_open_to_code() {
    let home = Home::new();
    // Output that is too long for the transcript is kept under its hash, as pictures are.
    let secret = b"what a cell printed, and no picture";
    let hash = blake3::hash(secret).to_hex().to_string();
    let (first, rest) = hash.split_at(2);
    let folder = home.path("data/blobs").join(first);
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join(rest), secret).expect("written");
    let code = format!(
        "from companion import Image, image_info, show\n\
         for call in (Image('{hash}', 1, 1).read, lambda: image_info('{hash}'), lambda: show(Image('{hash}', 1, 1))):\n\
         \x20   try:\n        print(call())\n    except Exception as error:\n        print(type(error).__name__, error)"
    );
    let told = python(&home, &code);
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(!told.contains("what a cell printed"), "{told}");
    assert_eq!(told.matches("not a picture").count(), 3, "{told}");
}

#[test]
fn annotations_and_docstrings_are_the_schema() {
    let home = Home::new();
    let told = home.out(&["run", &program("schemas.py")], 0);
    let mut lines = told.lines();
    let mut next =
        || -> Value { serde_json::from_str(lines.next().expect("a line")).expect("JSON") };
    let google = next();
    assert_eq!(google["description"], "Repeats a text.");
    assert_eq!(
        google["input_schema"],
        json!({
            "type": "object",
            "properties": {
                "text": { "type": "string", "description": "What is repeated, whatever it is." },
                "times": { "type": "integer", "description": "How often.", "default": 1 },
                "mood": { "enum": ["calm", "wild"] },
            },
            "required": ["text"],
            "additionalProperties": false,
        })
    );
    let numpy = next();
    assert_eq!(numpy["description"], "Adds numbers up.");
    assert_eq!(
        numpy["input_schema"]["properties"],
        json!({
            "numbers": { "type": "array", "items": { "type": "number" }, "description": "What is added." },
            "options": { "anyOf": [
                { "type": "object", "additionalProperties": { "type": "integer" } },
                { "type": "null" },
            ] },
            "strict": { "type": "boolean", "description": "Whether it is." },
        })
    );
    assert_eq!(
        numpy["input_schema"]["required"],
        json!(["numbers", "strict"])
    );
    let sphinx = next();
    assert_eq!(sphinx["name"], "sphinx_tool");
    assert_eq!(sphinx["description"], "Goes somewhere.");
    assert_eq!(
        sphinx["input_schema"]["properties"],
        json!({
            "place": {
                "type": "object",
                "properties": { "x": { "type": "integer" }, "y": { "type": "integer" } },
                "required": ["x"],
                "additionalProperties": false,
                "description": "From where.",
            },
            "box": {
                "type": "object",
                "properties": { "width": { "type": "number" }, "height": { "type": "number" } },
                "required": ["height", "width"],
                "additionalProperties": false,
            },
            "way": { "enum": ["up", "down"], "description": "Which way." },
            "some": {},
        })
    );
    let unions = next();
    let properties = &unions["input_schema"]["properties"];
    assert_eq!(properties["a"], json!({ "type": ["integer", "string"] }));
    assert_eq!(properties["b"], json!({ "type": ["string", "null"] }));
    assert_eq!(
        properties["c"],
        json!({ "type": "integer", "description": "a count", "minimum": 1, "default": 1 })
    );
    assert_eq!(
        properties["d"]["prefixItems"],
        json!([{ "type": "integer" }, { "type": "string" }])
    );
    assert_eq!(
        properties["e"],
        json!({ "type": "array", "items": { "type": "integer" }, "default": [] })
    );
    assert_eq!(properties["image"]["type"], json!(["string", "null"]));
    assert_eq!(unions["input_schema"].get("additionalProperties"), None);
    let rest: Vec<&str> = lines.collect();
    assert!(rest[0].contains("no / in its parameters"), "{rest:?}");
    assert!(rest[1].contains("no JSON Schema is known"), "{rest:?}");
}

#[test]
fn javascript_has_the_same() {
    let home = Home::new();
    write(&home, "secret.txt", "the moon");
    let told = home.out(&["run", &program("calls.js")], 0);
    let mut lines = told.lines();
    let mut next = || lines.next().unwrap_or_default();
    assert_eq!(next(), "3 1024");
    assert_eq!(next(), "true invalid_arguments 1");
    assert_eq!(
        next(),
        "there is no tool \"imagin\"; did you mean imagine or image_info?"
    );
    assert_eq!(next(), "denied");
    assert_eq!(next(), "0,255,0,255,255,0,0,255 2 2");
    let shown = next();
    assert!(
        shown.starts_with("255 Image { 'picture.png' 2×1 "),
        "{shown}"
    );
    assert_eq!(next(), "7 3");
    assert_eq!(next(), "/a,(root)");
    assert_eq!(next(), "12");
    let bare = next();
    assert!(bare.starts_with("what bare takes is not known"), "{bare}");
    assert_eq!(
        next(),
        "there is a tool imagine already, companion's own: choose another name"
    );
    assert_eq!(next(), "\"55\\n\" false true");
    assert_eq!(next(), "");
}

#[test]
fn functions_get_what_their_annotations_and_parameters_say() {
    let home = Home::new();
    for (code, expected) in [
        ("typed.py", "typed.out"),
        ("parameters.js", "parameters.out"),
    ] {
        let told = home.out(&["run", &program(code)], 0);
        let expected = fs::read_to_string(program(expected)).expect("there");
        assert_eq!(told, expected, "{code}");
    }
}

#[test]
fn tools_that_come_later_or_change_are_found() {
    let home = Home::new();
    let code = "\
const companion = require('companion');
let dbl;
companion.tool(function uses() {
  const said = [companion.boom()];
  dbl = companion.dbl;
  said.push(dbl(4));
  companion.redefine();
  said.push(dbl(4, 5), companion.dbl({ n: 4, m: 6 }));
  for (const wrong of [() => dbl(4), () => companion.bom(), () => dbl(1, 2, 3)]) {
    try { wrong(); } catch (error) { said.push(`${error.kind}: ${error.message}`); }
  }
  return [...said, companion.then === undefined, companion.default === companion];
});
";
    write(&home, "early.js", code);
    let code = "\
from companion import tool

@tool
def boom() -> int:
    return 1

@tool
def dbl(n: int) -> int:
    return 2 * n

@tool
def redefine():
    tool(lambda n, m: n * m, name='dbl', schema={'type': 'object', 'properties':
        {'n': {'type': 'integer'}, 'm': {'type': 'integer'}}, 'required': ['n', 'm']})
";
    write(&home, "later.py", code);
    let called = |first: &str, second: &str| {
        let command = [
            "tools",
            "call",
            "uses",
            "--functions",
            first,
            "--functions",
            second,
            "--json",
        ];
        home.json(&command, 0)["structured"]["result"].clone()
    };
    assert_eq!(
        called("early.js", "later.py"),
        json!([
            1,
            8,
            20,
            24,
            "invalid_arguments: the arguments of dbl don't fit\n- (root): expected the field \"m\", got nothing",
            "unknown_tool: there is no tool \"bom\"; did you mean boom?",
            "undefined: dbl takes n, m by place, and the rest by name: {…}",
            true,
            true,
        ])
    );
    let code = "\
import companion

@companion.tool
def uses() -> list:
    said = [companion.boom()]
    from companion import dbl
    said.append(dbl(4))
    companion.redefine()
    said += [dbl(4, 5), dbl(m=2, n=4), companion.dbl(4, 6)]
    for wrong in (lambda: dbl(4), lambda: companion.bom(), lambda: dbl(1, 2, 3)):
        try:
            wrong()
        except Exception as error:
            said.append(f'{type(error).__name__}: {error}')
    return said
";
    write(&home, "early.py", code);
    let code = "\
import { tool } from 'companion';
tool(function boom() { return 1; });
/** @param {number} n */
const dbl = (n) => 2 * n;
tool(dbl);
const inputSchema = { type: 'object', properties: { n: { type: 'number' }, m: { type: 'number' } }, required: ['n', 'm'] };
tool(function redefine() { tool({ name: 'dbl', inputSchema, run: ({ n, m }) => n * m }); });
";
    write(&home, "later.js", code);
    assert_eq!(
        called("early.py", "later.js"),
        json!([
            1,
            8,
            20,
            8,
            24,
            "TypeError: dbl() missing 1 required positional argument: 'm'",
            "AttributeError: there is no tool 'bom'; did you mean boom?",
            "TypeError: dbl() takes 2 positional arguments but 3 were given",
        ])
    );
}

#[test]
fn what_functions_give_has_a_schema() {
    let home = Home::new();
    let code = "\
from dataclasses import dataclass
from companion import tool

@dataclass
class Point:
    x: float
    y: float = 0

@tool
def py_int() -> int:
    'sprouts'
    return 'x'

@tool
def py_point() -> Point:
    'sprouts'
    return Point(1)

@tool
def py_maybe() -> int | None:
    'sprouts'

@tool
def py_nothing() -> None:
    'sprouts'

@tool
def py_nan() -> float:
    'sprouts'
    return [float('nan')]
";
    write(&home, "gives.py", code);
    let code = "\
const { tool } = require('companion');
/** sprouts
 * @returns {number} how many
 */
tool(function js_number() { return '1'; });
/** sprouts
 * @returns {Promise<Record<string, number>>}
 */
tool(async function js_record() { return { a: 1 }; });
/** sprouts
 * @returns {void}
 */
tool(function js_nothing() {});
/** sprouts */
tool(function js_date() { return new Date(0); });
";
    write(&home, "gives.js", code);
    let files = ["--functions", "gives.py", "--functions", "gives.js"];
    let call = |name: &str, arguments: &str, code| {
        let mut command = vec!["tools", "call", name, "--json", "--args", arguments];
        command.extend(files);
        home.run(&command, code)
    };
    let structured = |name: &str, arguments: &str| -> Value {
        let out = call(name, arguments, 0).stdout;
        serde_json::from_slice::<Value>(&out).expect("an object")["structured"].clone()
    };
    let found = structured("tool_search", "{\"words\": \"sprouts\", \"limit\": 20}");
    let tools = found["tools"].as_array().expect("tools");
    let schema = |name: &str| {
        let tool = tools.iter().find(|tool| tool["name"] == name);
        tool.expect("there")["output_schema"].clone()
    };
    let wrapped = |schema: Value| {
        json!({
            "type": "object",
            "properties": { "result": schema },
            "required": ["result"],
            "additionalProperties": false,
        })
    };
    assert_eq!(schema("py_int"), wrapped(json!({ "type": "integer" })));
    assert_eq!(schema("py_point")["required"], json!(["x", "y"]));
    assert_eq!(schema("js_number"), wrapped(json!({ "type": "number" })));
    assert_eq!(
        schema("js_record"),
        json!({ "type": "object", "additionalProperties": { "type": "number" } })
    );
    for none in ["py_nothing", "js_nothing", "js_date"] {
        assert_eq!(schema(none), Value::Null, "{none}");
    }
    assert_eq!(structured("py_point", "{}"), json!({ "x": 1, "y": 0 }));
    assert_eq!(structured("py_maybe", "{}"), json!({ "result": null }));
    assert_eq!(structured("js_record", "{}"), json!({ "a": 1 }));
    let date = json!({ "result": "1970-01-01T00:00:00.000Z" });
    assert_eq!(structured("js_date", "{}"), date);
    let fails = |name: &str| String::from_utf8_lossy(&call(name, "{}", 1).stderr).into_owned();
    assert!(fails("py_int").contains("does not fit its own output_schema"));
    assert!(fails("js_number").contains("does not fit its own output_schema"));
    assert!(fails("py_nan").contains("NaN and infinity"));
}

#[test]
fn an_opened_picture_keeps_its_bytes() {
    let home = Home::new();
    home.policy("[[rule]]\nrule = \"allow\"\ntool = \"show_image\"\n");
    image::RgbImage::new(3, 2)
        .save(home.path("dots.jpg"))
        .expect("written");
    let size = fs::read(home.path("dots.jpg")).expect("there").len();
    let folder = home.folder().to_string_lossy().into_owned();
    let py = "from companion import Image\n\
              image = Image.open('dots.jpg')\n\
              print(image.name, image.format, image.size, len(image.read()))";
    let js = "const { Image } = require('companion');\n\
              const image = Image.open('dots.jpg');\n\
              console.log(image.name, image.format, `(${image.width}, ${image.height})`, image.read().length);";
    for (language, code) in [("python", py), ("js", js)] {
        for grants in [&[][..], &["--allow-read", &folder]] {
            let mut command = vec!["run", "--lang", language, "--code", code];
            command.extend(grants);
            let told = home.out(&command, 0);
            assert_eq!(told, format!("dots.jpg image/jpeg (3, 2) {size}\n"));
        }
    }
}

#[test]
fn a_program_that_awaits_can_require() {
    let home = Home::new();
    let code = "const { run_python } = require('companion');\n\
                console.log((await run_python('1 + 1')).result, typeof module);\n\
                module.exports = await 3;";
    let told = home.out(&["run", "--lang", "js", "--code", code], 0);
    assert_eq!(told, "2 object\n");
    let err = home.err(
        &[
            "run",
            "--lang",
            "js",
            "--code",
            "await 1;\nthrow new Error('late')",
        ],
        1,
    );
    assert!(err.starts_with("<string>:2\n"), "{err}");
}

#[test]
fn who_is_stopped_on_the_way_says_that_alone() {
    let home = Home::new();
    let code = "from companion import progress\nfor _ in progress(range(10 ** 12)): pass";
    let run = home.command(&["run", "--timeout", "1", "--code", code]);
    let err = { run }.output().expect("the binary starts").stderr;
    let err = String::from_utf8_lossy(&err);
    assert!(err.contains("limit") && !err.contains("ignored"), "{err}");
    let code = "from companion import progress\n\
                print(list(progress('abc')), sum(progress(iter([1, 2]), total=2)))";
    assert_eq!(python(&home, code), "['a', 'b', 'c'] 3\n");
}

#[test]
fn errors_of_functions_name_their_file() {
    let home = Home::new();
    write(
        &home,
        "odd.py",
        "from companion import tool\n\n@tool\ndef odd():\n    1 / 0\n",
    );
    let err = home.err(&["tools", "call", "odd", "--functions", "odd.py"], 1);
    assert!(err.contains("odd.py\", line 5"), "{err}");
    write(
        &home,
        "odd.js",
        "const { tool } = require('companion');\n\ntool(function odd() { missing(); });\n",
    );
    let err = home.err(&["tools", "call", "odd", "--functions", "odd.js"], 1);
    assert!(err.contains("odd.js:3"), "{err}");
}

#[test]
fn code_that_code_has_run_is_on_its_time_and_a_picture_is_not() {
    let home = Home::new();
    let began = Instant::now();
    let code = "import companion\ntry:\n    companion.run_python('while True: pass')\nfinally:\n    print('x')";
    let run = home
        .command(&["run", "--timeout", "1", "--code", code])
        .output();
    let run = run.expect("the binary starts");
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!run.status.success(), "{told}");
    assert!(began.elapsed() < Duration::from_secs(20), "{told}");
    // Many steps are made, one picture after the other, and the cell's own time is short.
    let code = "import companion\nfor seed in range(6):\n    image = companion.imagine('a', steps=30, seed=seed)\nprint(image.size)";
    assert_eq!(
        home.out(&["run", "--timeout", "2", "--code", code], 0),
        "(64, 64)\n"
    );
}

#[test]
fn code_that_code_has_run_is_on_its_fuel() {
    let home = Home::new();
    // Importing the modules costs most of it: so much is left for a loop.
    let used = |code: &str| -> u64 {
        let ran = home.out(&["run", "--json", "--fuel", "90000000", "--code", code], 0);
        let whole: Value = serde_json::from_str(&ran).expect("an object");
        whole["fuel_used"].as_u64().expect("a count")
    };
    let imported = "from companion import call\n";
    let loops = "for _ in range(200_000): pass";
    let nested = format!("{imported}call('run_python', code='{loops}')");
    let (alone, more) = (used(imported), used(&nested));
    assert!(more - alone > 200_000, "{alone} {more}");
    // What is not there can't be used.
    let endless = format!(
        "{imported}print(call('run_python', code='while True: pass')['status'], flush=True)\nprint('not here')"
    );
    let fuel = (alone + 500_000).to_string();
    let ran = home.run(&["run", "--fuel", &fuel, "--code", &endless], 124);
    let (out, err) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(!out.contains("not here"), "{out}");
    assert!(err.contains("fuel limit"), "{err}");
}

#[test]
fn no_code_gets_fuel_or_time_by_calls() {
    let home = Home::new();
    fs::create_dir_all(home.path("config")).expect("made");
    write(
        &home,
        "config/config.toml",
        "[limits]\nfuel = 1000000\ntimeout_s = 5\n",
    );
    let functions = "\
from companion import tool

@tool(tags=['code'])
def refuel() -> dict:
    return {'fuel_used': 2 ** 64 - 1}

@tool
def spin(n: int) -> int:
    for _ in range(n): pass
    return n
";
    let rounds = "\
from companion import call, tool

@tool
def refuelled() -> int:
    done = 0
    for _ in range(12):
        call('refuel')
        for _ in range(60_000): pass
        done += 1
    return done

@tool
def many(n: int) -> int:
    return sum(call('spin', n=90_000) for _ in range(n))

@tool
def killed(n: int) -> int:
    code = 'for _ in range(40_000): pass\\nsum(range(10 ** 13))'
    return sum(call('run_python', code=code, timeout_s=1)['time_ms'] for _ in range(n))
";
    write(&home, "functions.py", functions);
    write(&home, "rounds.py", rounds);
    let fails = |name: &str, arguments: &str| {
        let command = [
            "tools",
            "call",
            name,
            "--args",
            arguments,
            "--functions",
            "functions.py",
            "--functions",
            "rounds.py",
        ];
        let err = home.err(&command, 1);
        assert!(err.contains("limit"), "{name}: {err}");
    };
    fails("refuelled", "{}");
    fails("many", "{\"n\": 40}");
    fails("killed", "{\"n\": 4}");
}

#[test]
fn what_a_function_says_reaches_the_terminal_clean() {
    let home = Home::new();
    let program = "\
import sys
from companion import tool

@tool
def fails() -> str:
    raise ValueError('\\x1b]0;evil\\x07')

@tool
def leaves() -> str:
    sys.exit(0)

@tool
def mutters() -> str:
    print('x', end='')
    return 'done'
";
    write(&home, "tools.py", program);
    let call = |name, code| home.run(&["tools", "call", name, "--functions", "tools.py"], code);
    let err = String::from_utf8_lossy(&call("fails", 1).stderr).into_owned();
    assert!(
        err.contains("ValueError") && !err.contains('\u{1b}'),
        "{err}"
    );
    let err = String::from_utf8_lossy(&call("leaves", 1).stderr).into_owned();
    assert!(err.contains("ended its program"), "{err}");
    let out = call("mutters", 0).stdout;
    assert_eq!(String::from_utf8_lossy(&out), "x\ndone\n");
    // The validator's rules are about these programs, too.
    fs::create_dir_all(home.path("config")).expect("made");
    write(
        &home,
        "config/policy.toml",
        "[[finding]]\nid = \"py-exec\"\nrule = \"deny\"\n",
    );
    write(&home, "dynamic.py", "eval(input())\n");
    let said = home.err(&["tools", "list", "--functions", "dynamic.py"], 3);
    assert!(said.contains("refused"), "{said}");
}

#[test]
fn help_and_completion_know_the_tools() {
    let home = Home::new();
    let code = "import companion\nhelp(companion.edit_image)\nprint([n for n in dir(companion) if n.startswith('im')])\n\
                try:\n    companion.imagin\nexcept AttributeError as error:\n    print(error)";
    let told = python(&home, code);
    assert!(told.contains("image: str"), "{told}");
    assert!(told.contains("crop, resize, thumbnail"), "{told}");
    assert!(told.contains("['image_info', 'imagine']"), "{told}");
    assert!(told.contains("did you mean imagine"), "{told}");
}

#[test]
fn a_worker_without_a_desk_says_so() {
    let executor = companion::CodeExecutor::new().expect("companion stands beside");
    let ran = executor
        .execute_python("import companion\ncompanion.call('imagine', prompt='x')")
        .expect("a kernel");
    let error = ran.error().expect("refused");
    assert!(error.contains("there are no tools here"), "{error}");
}
