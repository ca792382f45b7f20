//! The library in a dozen lines: `cargo run --ignore-rust-version --example fibonacci`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

/// Counts in the kernel's process: the memory limit rests on it.
#[global_allocator]
static ALLOCATOR: companion::CountingAllocator = companion::CountingAllocator;

fn main() -> Result<(), companion::ExecutorError> {
    // Kernels are this binary, started again.
    companion::become_worker_if_asked();

    let executor = companion::CodeExecutor::new()?;
    let code = "
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

print(fibonacci(10))
";
    let execution = executor.execute_python(code)?;
    println!(
        "{} in {:?}",
        execution.output.trim(),
        execution.execution_time
    );

    // Variables stay from call to call, and so do those of the other language.
    let execution = executor.execute_python("fibonacci(20)")?;
    println!("{:?}", execution.result);
    let execution = executor.execute_javascript("[1, 2, 3].map(n => n ** 2)")?;
    println!("{:?}", execution.result);

    let execution = executor.execute_python("fibonacci('x')")?;
    println!("{}", execution.error().unwrap_or_default());
    Ok(())
}
