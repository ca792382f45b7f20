// argv, exitCode, hrtime and the platform's name.
console.log(process.argv.length, typeof process.platform, typeof process.version, process.hrtime.bigint() > 0n, process.env.NOTHING, typeof process.cwd());
process.exitCode = 0;
