//! Times read as they are written.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Timestamp, Problem> {
    TimeForm::of_first(text.as_bytes(), None)?.read(text.as_bytes())
}

#[test]
fn accepted_forms_name_the_same_instant() {
    let expected: Timestamp = "2024-04-16T01:02:03Z".parse().unwrap();
    let forms = [
        "1713229323",
        "1713229323000",
        "1713229323000000",
        "1713229323000000000",
        "1713229323.000",
        "1.713229323e9",
        "2024-04-16T01:02:03Z",
        "2024-04-16t01:02:03z",
        "2024-04-16T01:02:03",
        "2024-04-16 01:02:03",
        "2024-04-16 01:02:03.000000",
        "2024-04-16 01:02:03+00:00",
        "2024-04-16T03:32:03+0230",
        "2024-04-15T20:02:03.0-05:00",
    ];
    for form in forms {
        assert_eq!(read(form).unwrap(), expected, "{form}");
    }
    assert_eq!(read("2024-04-16").unwrap(), "2024-04-16T00:00:00Z".parse().unwrap());
    assert_eq!(read("2024-04-16 01:02").unwrap(), "2024-04-16T01:02:00Z".parse().unwrap());
    assert_eq!(
        read("2024-02-29T23:59:59.123456789").unwrap(),
        "2024-02-29T23:59:59.123456789Z".parse().unwrap()
    );
}

#[test]
fn the_first_row_decides_the_unit() {
    let unit = |text: &str| TimeForm::of_first(text.as_bytes(), None).unwrap();
    assert_eq!(unit("0"), TimeForm::Unix(TimeUnit::S));
    assert_eq!(unit("7289654399"), TimeForm::Unix(TimeUnit::S));
    assert_eq!(unit("7289654400"), TimeForm::Unix(TimeUnit::Ms));
    let forced = TimeForm::of_first(b"1000", Some(TimeUnit::Ms)).unwrap();
    assert_eq!(forced.read(b"1000").unwrap(), Timestamp::from_secs(1));
    assert!(matches!(unit("1713229323").read(b"1713229323000"), Err(Problem::TimeOutOfRange { .. })));
    assert!(matches!(unit("1713229323").read(b"2024-04-16"), Err(Problem::NotATime { .. })));
    assert!(matches!(unit("2024-04-16").read(b"1713229323"), Err(Problem::NotATime { .. })));
}

#[test]
fn what_is_not_a_time_is_refused() {
    for text in [
        "",
        "x",
        "2024-13-01",
        "2023-02-29",
        "2024-4-1",
        "2024-04-16 25:00",
        "2024-04-16T01",
        "2024-04-16 01:00:60",
        "2024-04-16 01:00:00 UTC",
        "2024-04-16 01:00:00.",
        "2024-04-16 01:00:00.1234567891",
        "2024-04-16Z",
        "04/16/2024",
    ] {
        assert!(matches!(read(text), Err(Problem::NotATime { .. })), "{text}");
    }
    for text in ["-1", "9999999999999999999999", "1969-12-31", "2201-01-01"] {
        assert!(matches!(read(text), Err(Problem::TimeOutOfRange { .. })), "{text}");
    }
    assert!(matches!(read("20240416"), Err(Problem::CompactDate { .. })));
}

proptest! {
    #[test]
    fn every_instant_reads_back_from_its_text(nanos in 0..END) {
        let time = Timestamp::from_nanos(nanos);
        prop_assert_eq!(read(&time.to_string()).unwrap(), time);
        prop_assert_eq!(TimeForm::Unix(TimeUnit::Ns).read(nanos.to_string().as_bytes()).unwrap(), time);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40), text in "[0-9T:. +Z-]{0,36}") {
        for field in [bytes.as_slice(), text.as_bytes()] {
            if let Ok(form) = TimeForm::of_first(field, None) {
                let _ = form.read(field);
            }
            let _ = TimeForm::Text.read(field);
        }
    }
}
