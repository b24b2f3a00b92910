//! Data that the micro-benchmarks share. `cargo bench -p pgdumprs-benches` runs them; `cargo xtask bench` measures whole dumps.

/// COPY text of `bytes` bytes or a little more, in lines that look like those of a table of measurements.
pub fn copy_text(bytes: usize) -> Vec<u8> {
    use std::io::Write;

    let mut text = Vec::with_capacity(bytes + 100);
    let mut id: u64 = 0;
    while text.len() < bytes {
        id += 1;
        // Multiplication by a large odd number spreads the digits.
        let spread = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        writeln!(
            text,
            "{id}\t{}\t2024-01-01 00:{:02}:{:02}+00\t{}.{:03}\t\\N",
            spread % 5000,
            spread % 60,
            id % 60,
            spread % 10_000,
            spread % 1000
        )
        .expect("writing to memory cannot fail");
    }
    text
}
