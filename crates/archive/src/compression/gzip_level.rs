//! The default level of gzip: as small as zlib's default, and as fast as the data lets that be.

use flate2::{Compress, Compression as Level, FlushCompress};

use crate::{
    Result,
    compression::{compress::ChunkCutter, gzip::run},
};

/// zlib-rs at this level is as small as zlib at its default of 6 for most data: numbers, identifiers, JSON, dates.
const FAST: u32 = 5;

/// The level for data where that is not so: texts whose repetitions stand far apart.
const SMALL: u32 = 6;

/// How many times smaller, in thousandths, the slower level must make the data to be worth two or three times the time.
const WORTHWHILE: usize = 960;

/// How much of a stream or piece decides, in raw bytes. Those that are shorter are over before the choice matters.
const SAMPLE: usize = 64 * 1024;

/// Deflate at a level that the beginning of each stream or piece decides, so that equal data makes equal bytes.
pub(crate) struct LevelChoice {
    fast: Compress,
    small: Compress,
    stage: Stage,
}

/// Where a stream stands.
enum Stage {
    /// What has been given so far, as it was given: what deflate makes of bytes depends on how they were cut.
    Sampling(Vec<Vec<u8>>),
    Fast,
    Small,
}

impl Default for LevelChoice {
    fn default() -> Self {
        LevelChoice {
            fast: Compress::new(Level::new(FAST), false),
            small: Compress::new(Level::new(SMALL), false),
            stage: Stage::Sampling(Vec::new()),
        }
    }
}

impl LevelChoice {
    pub(crate) fn write(&mut self, raw: &[u8], out: &mut ChunkCutter) -> Result<()> {
        let deflate = match &mut self.stage {
            Stage::Fast => &mut self.fast,
            Stage::Small => &mut self.small,
            Stage::Sampling(sample) => {
                sample.push(raw.to_vec());
                if sample.iter().map(Vec::len).sum::<usize>() < SAMPLE {
                    return Ok(());
                }
                let fast = begun(&mut self.fast, sample)?;
                let small = begun(&mut self.small, sample)?;
                // What was tried is the beginning of the stream that is kept.
                let chosen = if small.len() * 1000 < fast.len() * WORTHWHILE {
                    self.fast.reset();
                    self.stage = Stage::Small;
                    small
                } else {
                    self.small.reset();
                    self.stage = Stage::Fast;
                    fast
                };
                out.push_all(chosen);
                return Ok(());
            }
        };
        run(deflate, raw, FlushCompress::None, out)
    }

    /// Ends the stream or piece, and is ready for the next.
    pub(crate) fn finish(&mut self, flush: FlushCompress, out: &mut ChunkCutter) -> Result<()> {
        if let Stage::Sampling(sample) = &mut self.stage {
            for raw in std::mem::take(sample) {
                run(&mut self.small, &raw, FlushCompress::None, out)?;
            }
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Sampling(Vec::new()));
        let deflate = match stage {
            Stage::Fast => &mut self.fast,
            Stage::Small | Stage::Sampling(_) => &mut self.small,
        };
        run(deflate, &[], flush, out)?;
        deflate.reset();
        Ok(())
    }
}

/// The beginning of a stream, with all of `sample` in it.
fn begun(deflate: &mut Compress, sample: &[Vec<u8>]) -> Result<ChunkCutter> {
    let mut out = ChunkCutter::default();
    for raw in sample {
        run(deflate, raw, FlushCompress::None, &mut out)?;
    }
    run(deflate, &[], FlushCompress::Sync, &mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The level chosen for `raw`, and the bytes that come of it, given in pieces of 64 KiB.
    fn compress(choice: &mut LevelChoice, raw: &[u8]) -> (Option<u32>, Vec<u8>) {
        let mut out = ChunkCutter::default();
        for piece in raw.chunks(64 * 1024) {
            choice.write(piece, &mut out).unwrap();
        }
        let level = match choice.stage {
            Stage::Sampling(_) => None,
            Stage::Fast => Some(FAST),
            Stage::Small => Some(SMALL),
        };
        choice.finish(FlushCompress::Finish, &mut out).unwrap();
        out.cut();
        (level, out.into_bytes())
    }

    fn random(count: usize) -> impl Iterator<Item = usize> {
        let mut state = 7u64;
        std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            usize::try_from(state >> 33).unwrap()
        })
        .take(count)
    }

    /// Sentences that come again after some KiB, among many that begin alike.
    fn prose() -> Vec<u8> {
        const WORDS: [&str; 8] = [
            "the ", "of ", "harbour ", "cargo ", "to ", "light ", "and ", "north ",
        ];
        let words: Vec<_> = random(400 * 12).map(|word| WORDS[word % 8]).collect();
        let sentences: Vec<String> = words.chunks(12).map(|words| words.concat()).collect();
        random(5000)
            .flat_map(|pick| sentences[pick % 400].bytes())
            .collect()
    }

    fn numbers() -> Vec<u8> {
        let rows = random(30_000).enumerate();
        rows.flat_map(|(id, value)| {
            format!("{id}\t{}.{:03}\n", value % 10_000, value % 997).into_bytes()
        })
        .collect()
    }

    #[test]
    fn the_data_decides() {
        let mut choice = LevelChoice::default();
        assert_eq!(compress(&mut choice, &numbers()).0, Some(FAST));
        assert_eq!(compress(&mut choice, &prose()).0, Some(SMALL));
        assert_eq!(compress(&mut choice, b"short").0, None);
    }

    #[test]
    fn a_stream_does_not_depend_on_those_before_it() {
        let all = [
            prose(),
            numbers(),
            b"short".to_vec(),
            Vec::new(),
            prose(),
            numbers(),
        ];
        let mut used = LevelChoice::default();
        for raw in all {
            let (level, bytes) = compress(&mut used, &raw);
            let (fresh, expected) = compress(&mut LevelChoice::default(), &raw);
            assert_eq!(level, fresh);
            assert!(bytes == expected);
            let mut restored = Vec::with_capacity(raw.len() + 1);
            let mut inflate = flate2::Decompress::new(false);
            inflate
                .decompress_vec(&bytes, &mut restored, flate2::FlushDecompress::Finish)
                .unwrap();
            assert!(restored == raw);
        }
    }
}
