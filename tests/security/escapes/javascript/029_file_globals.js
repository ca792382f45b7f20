// Every global that other engines give for files and processes.
console.log('ATTEMPTED');
for (const text of ['std.loadFile("@SECRET_PATH@")', 'os.open("@SECRET_PATH@", 0)', 'read("@SECRET_PATH@")', 'readFile("@SECRET_PATH@")', 'load("@SECRET_PATH@")', 'loadScript("@SECRET_PATH@")', 'snarf("@SECRET_PATH@")', 'Deno.readTextFileSync("@SECRET_PATH@")', 'Bun.file("@SECRET_PATH@").text()', 'd8.file.read("@SECRET_PATH@")', 'java.nio.file.Files.readString("@SECRET_PATH@")', 'Java.type("java.lang.Runtime")', 'new ActiveXObject("WScript.Shell")', 'localStorage.setItem("x", "y")', 'std.open("@TARGET_DIR@/made", "w")', 'os.readdir("@TARGET_DIR@")', 'scriptArgs', '__loadScript("@SECRET_PATH@")', 'quit', 'gc', 'host.write', 'load("core")', 'bjson.read', 'evalScript("1")', 'std.evalScript("1")', 'std.gc()', 'os.Worker']) {
  try { const got = (0, eval)(text); if (typeof got === 'object' || typeof got === 'string') console.log(got); reach(got); } catch (error) { console.log(error.name); }
}
