use super::*;
use crate::reader::tar::Member as Read;

const HEADER: Header = Header {
    version: ArchiveVersion::V1_16,
    compression: Compression::None,
    created: CreationTime {
        second: 6,
        minute: 5,
        hour: 4,
        day: 29,
        month: 1,
        year: 124,
        is_dst: 0,
    },
    database: None,
    server_version: None,
    dumper_version: None,
};

#[test]
fn heads_say_lengths_of_any_size() {
    for length in [0, 1, (8 << 30) - 1, 8 << 30, 5 << 40] {
        let mut target = TarTarget::start(Vec::new(), &HEADER, b"", None).unwrap();
        target.put_head("3506.dat", length).unwrap();
        let (bytes, _) = target.finish().unwrap();
        let head = bytes[BLOCK..].first_chunk().unwrap();
        let member = Read::decode(head, 0).unwrap();
        assert_eq!((member.name, member.length), ("3506.dat".into(), length));
    }
}

#[test]
fn times_are_those_of_the_calendar() {
    assert_eq!(seconds(HEADER.created), 1_709_179_506);
    let of_day = |year, month, day| {
        seconds(CreationTime {
            year,
            month,
            day,
            ..CreationTime::default()
        }) / 86_400
    };
    assert_eq!(of_day(70, 0, 1), 0);
    assert_eq!(of_day(70, 2, 1), 59);
    assert_eq!(of_day(99, 11, 31), 10_956);
    assert_eq!(of_day(100, 1, 29), 11_016);
    assert_eq!(of_day(100, 2, 1), 11_017);
    assert_eq!(of_day(126, 10, 28), 20_785);
    // Before 1970, and what is no date.
    assert_eq!(of_day(0, 0, 1), 0);
    assert_eq!(of_day(i32::MIN, i32::MIN, i32::MIN), 0);
}
