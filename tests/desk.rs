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
         ToolError\nOSError\nOSError\nOSError\nValueError\nAttributeError\n"
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
