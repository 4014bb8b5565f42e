//! Markdown of text panels as HTML. A dashboard may come from anywhere: markup in the text is shown, not obeyed.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};

/// HTML with the markup that Markdown has words for, and no other. Links lead to the web only, images are their texts.
pub(super) fn render(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(markdown, options).filter_map(harmless);
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

fn harmless(event: Event<'_>) -> Option<Event<'_>> {
    match event {
        Event::Html(markup) | Event::InlineHtml(markup) => Some(Event::Text(markup)),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = if is_web(&dest_url) { dest_url } else { CowStr::Borrowed("#") };
            Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::Start(Tag::Image { .. }) | Event::End(pulldown_cmark::TagEnd::Image) => None,
        event => Some(event),
    }
}

/// Whether an address leads to the web. Others, such as scripts, are not followed from this page.
pub(super) fn is_web(address: &str) -> bool {
    let begins = |scheme: &str| address.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    begins("https://") || begins("http://")
}
