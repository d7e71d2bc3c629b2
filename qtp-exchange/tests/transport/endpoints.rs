//! Addresses that would leak or cannot work are refused at once.

use qtp_exchange::transport::{Http, HttpSettings};

fn refusal(url: &str) -> String {
    Http::new(HttpSettings::new([url])).unwrap_err().to_string()
}

#[test]
fn addresses_that_cannot_be_used_are_refused_without_showing_their_path() {
    let urls = [
        "http://example.com/canary",
        "ftp://example.com/canary",
        "https://user:canary@example.com",
        "https://example.com/?key=canary",
        "canary",
    ];
    for url in urls {
        let text = refusal(url);
        assert!(!text.contains("canary"), "{text}");
    }
    assert!(refusal("http://example.com").contains("only https"), "{}", refusal("http://example.com"));
    assert!(Http::new(HttpSettings::new(Vec::<String>::new())).is_err());
}

#[test]
fn clear_text_goes_to_this_machine_or_where_it_is_allowed() {
    for url in ["http://127.0.0.1:3001", "http://localhost:3001", "http://[::1]:3001", "https://example.com"]
    {
        assert!(Http::new(HttpSettings::new([url])).is_ok(), "{url}");
    }
    let mut settings = HttpSettings::new(["http://venue:3001"]);
    settings.allow_plaintext = true;
    assert!(Http::new(settings).is_ok());
}
