//! Contrast of the style sheet's colours (WCAG 2.2 1.4.3 and 1.4.11, level AA).
//!
//! The names of the custom properties say which colour stands on which. `--on-NAME…` is the colour of text on `--NAME`.
//! `--edge-NAME…` is the outline of a control on it.

use std::collections::BTreeMap;

const STYLESHEET: &str = include_str!("../assets/countersign.css");

type Colours = BTreeMap<String, [f64; 3]>;

#[test]
fn each_text_colour_has_a_contrast_of_4_5_to_1_on_its_surface_and_each_edge_3_to_1() {
    let (light, dark) = STYLESHEET.split_once("@media (prefers-color-scheme: dark)").expect("both schemes");
    let dark = dark.split_once("\n}\n").expect("the end of the dark scheme").0;
    for (scheme, css) in [("light", light), ("dark", dark)] {
        let colours = colours(css);
        let mut pairs = 0;
        for (name, colour) in &colours {
            let (rest, least) = match (name.strip_prefix("on-"), name.strip_prefix("edge-")) {
                (Some(rest), _) => (rest, 4.5),
                (_, Some(rest)) => (rest, 3.0),
                _ => continue,
            };
            let surface = surface(rest, &colours).unwrap_or_else(|| panic!("{scheme}: no surface for --{name}"));
            let contrast = contrast(*colour, colours[surface]);
            assert!(contrast >= least, "{scheme}: --{name} on --{surface} has {contrast:.2}, {least} is needed");
            pairs += 1;
        }
        assert!(pairs >= 20, "{scheme}: only {pairs} pairs were found");
    }
}

#[test]
fn both_schemes_declare_the_same_colours() {
    let (light, dark) = STYLESHEET.split_once("@media (prefers-color-scheme: dark)").expect("both schemes");
    let dark = dark.split_once("\n}\n").expect("the end of the dark scheme").0;
    assert_eq!(colours(light).keys().collect::<Vec<_>>(), colours(dark).keys().collect::<Vec<_>>());
}

#[test]
fn rules_name_no_colour_of_their_own() {
    let (_, rules) = STYLESHEET.rsplit_once("box-sizing: border-box; }").expect("the first rule");
    for line in rules.lines() {
        assert!(!line.contains('#') && !line.contains("rgb"), "{line}");
    }
}

/// Reads a line `--NAME: #rrggbb;`.
fn colours(css: &str) -> Colours {
    css.lines()
        .filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": #"))
        .map(|(name, hex)| {
            let channel = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("two hex digits"));
            (name.to_owned(), [channel(0), channel(2), channel(4)])
        })
        .collect()
}

/// The longest name of a surface that `rest` begins with.
fn surface<'a>(rest: &'a str, colours: &Colours) -> Option<&'a str> {
    let ends = rest.match_indices('-').map(|(at, _)| at).chain([rest.len()]);
    ends.map(|end| &rest[..end]).filter(|name| colours.contains_key(*name)).max_by_key(|name| name.len())
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The relative luminance of a colour, as WCAG defines it.
fn luminance(colour: [f64; 3]) -> f64 {
    let [red, green, blue] = colour.map(|channel| {
        let channel = channel / 255.0;
        if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[test]
fn the_measure_agrees_with_known_contrasts() {
    let (black, white, grey) = ([0.0; 3], [255.0; 3], [118.0; 3]);
    assert!((contrast(black, white) - 21.0).abs() < 0.01);
    assert!((contrast(grey, white) - 4.54).abs() < 0.01);
}
