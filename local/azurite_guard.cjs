// Loaded into Azurite by local/azurite.py: this pipe closes when the program that started Azurite is gone, even killed.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.on("error", () => process.kill(process.pid, "SIGTERM"));
process.stdin.resume();
// the pipe alone must not keep Azurite alive once its servers are closed
process.stdin.unref();
