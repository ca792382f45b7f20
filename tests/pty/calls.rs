//! Calls of tools from the prompt: asked about, answered, explained.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use super::stage::{Stage, World, keys};

/// Keys are answers once so much time has passed.
const READING: Duration = Duration::from_millis(700);

fn asking() -> (World, Stage) {
    let world = World::new();
    let rules = "[[rule]]\nrule = 'ask'\ntool = 'write_file'\nreason = 'files are dear'\n\n\
                 [[rule]]\nrule = 'deny'\ntool = 'imagine'\nwhere.prompt.matches = 'weapon'\n";
    fs::write(world.path("config/tools.toml"), rules).expect("written");
    fs::write(world.path("work/notes.txt"), "milk\neggs\n").expect("written");
    let stage = world.start();
    stage.wait_for_prompt("py 1");
    (world, stage)
}

const WRITE: &str =
    r#"/call write_file {"path": "notes.txt", "content": "milk\nsix eggs\n", "overwrite": true}"#;

#[test]
fn a_call_shows_what_it_would_change_and_waits_for_the_answer() {
    let (world, stage) = asking();
    stage.enter(WRITE);
    let screen = stage.wait_for_text("write_file asks");
    assert!(screen.has("this call of write_file"), "{}", screen.text);
    sleep(READING);
    stage.type_keys("n");
    stage.wait_for_text("the answer was no");
    let notes = world.path("work/notes.txt");
    assert_eq!(fs::read_to_string(&notes).expect("there"), "milk\neggs\n");
    stage.enter("/why");
    stage.wait_for_text("was stopped by line 3: ask write_file");

    stage.enter(WRITE);
    stage.wait_for_text("write_file asks");
    stage.type_keys(keys::CTRL_C);
    stage.wait_for_text("it was cancelled");

    stage.enter(WRITE);
    stage.wait_for_text("write_file asks");
    sleep(READING);
    // Down to the diff, then until the session ends.
    stage.type_keys("\x1b[F");
    stage.wait_for_text("+six eggs");
    stage.type_keys("s");
    stage.wait_for_text("replaced notes.txt");
    assert_eq!(
        fs::read_to_string(&notes).expect("there"),
        "milk\nsix eggs\n"
    );
    stage.enter(WRITE);
    stage.wait_for_text("by an answer of this session");
    stage.enter("/why write_file path=other.txt content=x");
    let screen = stage.wait_for_text("Rules that were considered");
    assert!(screen.has("the arguments are others"), "{}", screen.text);
    stage.type_keys("q");
    stage.wait_for_prompt("py 1");
    stage.quit();
    let log = fs::read_to_string(world.path("data/audit.jsonl")).expect("there");
    for outcome in ["pending", "denied", "cancelled", "begun", "done"] {
        assert!(
            log.contains(&format!("\"outcome\":\"{outcome}\"")),
            "{outcome}: {log}"
        );
    }
}

#[test]
fn tools_are_found_called_and_their_mistakes_told() {
    let (_world, stage) = asking();
    stage.enter("/tools");
    stage.wait_for_text("enter takes it to the prompt");
    stage.type_keys("rdfile");
    stage.wait_for_text("path (string, required)");
    stage.type_keys(keys::ENTER);
    stage.wait_for_text("/call read_file {\"path\": \"\"}");
    stage.type_keys(keys::CTRL_U);
    stage.enter("/call read_file path=notes.txt");
    let screen = stage.wait_for_text("by the default for user");
    assert!(screen.has("eggs"), "{}", screen.text);
    stage.enter("/call read_file paht=notes.txt max_lines=0");
    let screen = stage.wait_for_text("expected at least 1");
    assert!(screen.has("expected the field \"path\""), "{}", screen.text);
    stage.enter("/call raed_file");
    stage.wait_for_text("did you mean read_file");
    stage.quit();
}

#[test]
fn a_rule_about_imagine_is_about_the_prompt_too() {
    let (world, stage) = asking();
    stage.enter("/imagine a weapon");
    stage.wait_for_text("imagine is not allowed here");
    stage.enter("/imagine a red apple --seed 1 --steps 2");
    stage.wait_for_text("seed 1 ·");
    stage.enter("/call imagine prompt='a rocket' steps=2 seed=2");
    stage.wait_for_text("by the default for user");
    stage.quit();
    let log = fs::read_to_string(world.path("data/audit.jsonl")).expect("there");
    let imagined = log.matches("\"tool\":\"imagine\"").count();
    assert_eq!(imagined, 3, "{log}");
}

#[test]
fn cells_ask_show_pictures_and_make_tools() {
    let (world, stage) = asking();
    stage.enter("from companion import call, imagine, tool, ToolError");
    stage.wait_for_prompt("py 2");
    stage.enter("call('write_file', path='new.txt', content='x')['is_new']");
    let screen = stage.wait_for_text("write_file asks");
    assert!(
        screen.has("the code of py 2 calls write_file"),
        "{}",
        screen.text
    );
    sleep(READING);
    stage.type_keys("y");
    stage.wait_for_text("= True");
    assert_eq!(fs::read(world.path("work/new.txt")).expect("written"), b"x");
    // Interrupted while it asks: nothing is written, and the question is gone.
    stage.enter("call('write_file', path='other.txt', content='x')");
    stage.wait_for_text("write_file asks");
    stage.type_keys(keys::CTRL_C);
    stage.wait_for_text("interrupted after");
    stage.wait_for_prompt("py 4");
    assert!(!world.path("work/other.txt").exists());
    stage.enter("imagine('a weapon')");
    stage.wait_for_text("ToolError: imagine is not allowed here");
    stage.enter("/why");
    stage.wait_for_text("imagine, called by sandbox, was stopped by line");
    stage.enter("imagine('a red apple', seed=1, steps=2)");
    stage.wait_for_text("<Image 'a-red-apple-1.png' 64×64");
    // A function of a cell, for the prompt and for the other language.
    stage.enter("double = tool(lambda n: print('so') or 2 * n, name='double', schema={'type': 'object', 'properties': {'n': {'type': 'integer'}}, 'required': ['n']})");
    stage.wait_for_prompt("py 7");
    stage.enter("/call double n=21");
    stage.wait_for_text("{\"result\":42}");
    stage.enter("/js require('companion').call('double', { n: 50 })");
    stage.wait_for_text("= 100");
    // One that comes when the other kernel has looked which there are.
    stage.enter("tool(lambda: 7600 + 54, name='boom')");
    stage.wait_for_text("= <function");
    stage.enter("/js require('companion').boom()");
    stage.wait_for_text("= 7654");
    stage.enter("/restart");
    stage.wait_for_prompt("py 1");
    stage.enter("/call double n=1");
    stage.wait_for_text("there is no tool \"double\"");
    stage.quit();
}
