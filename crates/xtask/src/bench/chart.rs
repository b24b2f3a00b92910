//! The chart: what share of stock's time ours takes.

use std::fmt::Write;

use super::scenario::{Page, Rival, Scenario};
use super::summary::Summary;

const WIDTH: usize = 880;
/// Where bars begin and how long those of stock are.
const LEFT: f64 = 270.0;
const FULL: f64 = 460.0;
const TOP: f64 = 74.0;
/// Height of a bar, and from one comparison to the next.
const BAR: f64 = 14.0;
const STEP: f64 = 46.0;

/// Colours for a light and for a dark page.
const STYLE: &str = "
    text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f; }
    .title { font-size: 17px; font-weight: 600; }
    .quiet { fill: #57606a; }
    .strong { font-weight: 600; }
    .ours { fill: #1f6feb; }
    .theirs { fill: #afb8c1; }
    @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3; }
        .quiet { fill: #8d96a0; }
        .ours { fill: #58a6ff; }
        .theirs { fill: #484f58; }
    }";

/// Draws two bars for each comparison. Each has its own scale: what takes longer fills the width.
pub(super) fn draw(page: Page, summaries: &[Summary]) -> String {
    let title = match page {
        Page::Dumps => "Time to dump, shorter is better",
        Page::Restores => "Time to restore, shorter is better",
        Page::Clones => "Time to clone, shorter is better",
    };
    let height = TOP + STEP * summaries.len() as f64 + 8.0;
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{title}\">"
    );
    let _ = writeln!(svg, "<style>{STYLE}\n</style>");
    text(&mut svg, 20.0, 28.0, "title", title);
    rect(&mut svg, LEFT, 42.0, 14.0, 14.0, "ours");
    text(&mut svg, LEFT + 20.0, 54.0, "", "pgdumprs");
    rect(&mut svg, LEFT + 170.0, 42.0, 14.0, 14.0, "theirs");
    text(
        &mut svg,
        LEFT + 190.0,
        54.0,
        "",
        "stock, in the mode named at the left",
    );
    for (i, summary) in summaries.iter().enumerate() {
        comparison(&mut svg, TOP + STEP * i as f64, summary);
    }
    svg.push_str("</svg>\n");
    svg
}

fn comparison(svg: &mut String, top: f64, summary: &Summary) {
    let (ours, theirs) = (summary.ours.wall, summary.theirs.wall);
    let scale = FULL / ours.max(theirs);
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
        LEFT - 14.0,
        top + 19.0,
        escaped(&label(summary.scenario))
    );
    for (y, time, class, label) in [
        (
            top,
            ours,
            "ours",
            format!("{} · {}", short(ours), summary.ratio()),
        ),
        (top + BAR + 2.0, theirs, "theirs", short(theirs)),
    ] {
        let length = (time * scale).max(2.0);
        rect(svg, LEFT, y, length, BAR, class);
        let emphasis = if class == "ours" { "strong" } else { "quiet" };
        text(svg, LEFT + length + 7.0, y + 11.5, emphasis, &label);
    }
}

/// What is compared: what is no restore says so by its dump's options.
fn label(scenario: &Scenario) -> String {
    match scenario.rival {
        Rival::PgRestore(_) => format!("restore, {}", scenario.title),
        Rival::Pipe(_) => format!("clone, {}", scenario.title),
        Rival::Pgcopydb(_) => format!("pgcopydb, {}", scenario.title),
        Rival::PgDump(_) | Rival::Floor => scenario.title.to_owned(),
    }
}

fn rect(svg: &mut String, x: f64, y: f64, width: f64, height: f64, class: &str) {
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"2\" class=\"{class}\"/>"
    );
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>",
        escaped(text)
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn short(time: f64) -> String {
    if time < 10.0 {
        format!("{time:.2} s")
    } else {
        format!("{time:.0} s")
    }
}

#[cfg(test)]
mod tests {
    use super::super::measure::Cost;
    use super::super::scenario;
    use super::super::summary::Side;
    use super::*;

    fn side(wall: f64) -> Side {
        let cost = Cost {
            wall,
            size: 1,
            ..Cost::default()
        };
        Side::of(&[cost])
    }

    #[test]
    fn bars_are_as_long_as_their_times() {
        let summaries: Vec<Summary> = scenario::all()
            .map(|scenario| Summary {
                scenario,
                pairs: 1,
                ours: side(1.0),
                theirs: side(4.0),
            })
            .collect();
        let chart = draw(Page::Dumps, &summaries);
        let count = |what: &str| chart.matches(what).count();
        assert_eq!(count("width=\"115.0\" height=\"14.0\""), summaries.len());
        assert_eq!(count("width=\"460.0\" height=\"14.0\""), summaries.len());
        assert_eq!(count("1.00 s · 4.00× as fast"), summaries.len() - 1);
        // Against the floor a ratio says how many times as long it takes.
        assert_eq!(count("1.00 s · 0.25× as long"), 1);
        assert!(!chart.contains("NaN"));
    }

    #[test]
    fn titles_cannot_break_the_drawing() {
        assert_eq!(escaped("a < b & c"), "a &lt; b &amp; c");
    }
}
