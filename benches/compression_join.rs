//! Compressing pieces of a table apart, and joining them into one stream.

use divan::Bencher;
use divan::counter::BytesCount;
use pgdumprs_archive::{Compression, Compressor, PieceJoin};
use pgdumprs_benches::copy_text;

/// Raw bytes of a table, and of each of its pieces. A dump's are larger; with such small ones the cost of cutting shows.
const BYTES: usize = 16 << 20;
const PIECE: usize = 1 << 20;

fn main() {
    divan::main();
}

const METHODS: [Compression; 4] = [
    Compression::None,
    Compression::LZ4,
    Compression::ZSTD,
    Compression::GZIP,
];

/// As a table's data is compressed when connections share it.
#[divan::bench(args = METHODS, sample_count = 10)]
fn pieces(bencher: Bencher<'_, '_>, compression: Compression) {
    let text = copy_text(BYTES);
    let mut compressor = Compressor::for_pieces(compression).expect("the level is right");
    bencher
        .counter(BytesCount::of_slice(&text))
        .bench_local(|| {
            let mut join = PieceJoin::new(compression);
            let mut length = join.head().map_or(0, |head| head.len());
            for piece in text.chunks(PIECE) {
                compressor.write(piece).expect("memory can be compressed");
                let piece = compressor.finish().expect("memory can be compressed");
                while let Some(chunk) = compressor.next_chunk() {
                    length += chunk.len();
                }
                join.add(&piece);
            }
            length + join.tail().map_or(0, |tail| tail.len())
        });
}

/// As one connection compresses it alone, to see what cutting costs.
#[divan::bench(args = METHODS, sample_count = 10)]
fn whole(bencher: Bencher<'_, '_>, compression: Compression) {
    let text = copy_text(BYTES);
    let mut compressor = Compressor::new(compression).expect("the level is right");
    bencher
        .counter(BytesCount::of_slice(&text))
        .bench_local(|| {
            compressor.write(&text).expect("memory can be compressed");
            compressor.finish().expect("memory can be compressed");
            let mut length = 0;
            while let Some(chunk) = compressor.next_chunk() {
                length += chunk.len();
            }
            length
        });
}
