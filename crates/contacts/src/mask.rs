//! Masked forms of addresses: they keep the shape, not the content.

/// The masked form of a canonical address: `+55 11 *****-**17`, `m***@d***`, `BR.****`.
pub fn address(value: &str) -> String {
    match value.strip_prefix('+') {
        Some(digits) if digits.is_ascii() => phone(digits),
        _ => match value.split_once('@') {
            Some((local, domain)) => format!("{}***@{}***", first(local), first(domain)),
            None => match value.split_once('.') {
                Some((country, _)) if country.len() == 2 => format!("{country}.****"),
                _ => "****".to_owned(),
            },
        },
    }
}

fn phone(digits: &str) -> String {
    let last = digits.get(digits.len().saturating_sub(2)..).unwrap_or_default();
    match digits.strip_prefix("55").map(|national| (national, national.get(..2))) {
        Some((national, Some(area))) if national.len() == 11 => format!("+55 {area} *****-**{last}"),
        Some((national, Some(area))) if national.len() == 10 => format!("+55 {area} ****-**{last}"),
        _ => format!("+{}{last}", "*".repeat(digits.len().saturating_sub(2))),
    }
}

fn first(text: &str) -> String {
    text.chars().take(1).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn shapes() {
        assert_eq!(super::address("+5511990000017"), "+55 11 *****-**17");
        assert_eq!(super::address("+554530000017"), "+55 45 ****-**17");
        assert_eq!(super::address("+351912345678"), "+**********78");
        assert_eq!(super::address("maria@dominio.com.br"), "m***@d***");
        assert_eq!(super::address("BR.13491208655302741918"), "BR.****");
        assert_eq!(super::address(""), "****");
    }
}
