//! Masked forms of addresses: they keep the shape, not the content.

use kernel::masks;

/// The masked form of a canonical address: `+55 11 *****-**17`, `m***@d***`, `BR.****`.
pub fn address(value: &str) -> String {
    if value.starts_with('+') {
        return masks::phone(value);
    }
    if value.contains('@') {
        return masks::email(value);
    }
    match value.split_once('.') {
        Some((country, _)) if country.len() == 2 => format!("{country}.****"),
        _ => "****".to_owned(),
    }
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
