//! A deserializer around another that accepts what is meant without doubt: a string where the type asks for a number or a
//! boolean, and a whole float where it asks for an integer. Wherever the type itself takes a string, nothing changes.
//! Floor 2.

use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

/// Reads a JSON value as what it is meant to be.
///
/// # Errors
/// When there is doubt.
pub(super) fn json<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, serde_json::Error> {
    T::deserialize(Lenient(&mut serde_json::Deserializer::from_str(json)))
}

/// Reads a text as whatever the type asks for.
///
/// # Errors
/// When there is doubt.
pub(super) fn text<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, serde_json::Error> {
    T::deserialize(Lenient(Loose(text)))
}

/// Reads one value as whatever the type asks for.
pub(crate) fn read_leniently<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, serde_json::Error> {
    T::deserialize(Lenient(value))
}

/// A text without a type, as URI variables are.
struct Loose<'de>(&'de str);

impl<'de> Deserializer<'de> for Loose<'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_borrowed_str(self.0)
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        BorrowedStrDeserializer::new(self.0).deserialize_enum(name, variants, visitor)
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// The wrapper: deserializers, visitors and accesses alike pass it on to what is inside them.
struct Lenient<T>(T);

macro_rules! scalar {
    ($($method:ident $kind:expr;)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.deserialize_any(Scalar { visitor, kind: $kind })
        }
    )* };
}

macro_rules! pass {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => { $(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($argument,)* Lenient(visitor))
        }
    )* };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Lenient<D> {
    type Error = D::Error;

    scalar! {
        deserialize_bool Kind::Boolean;
        deserialize_i8 Kind::Integer;
        deserialize_i16 Kind::Integer;
        deserialize_i32 Kind::Integer;
        deserialize_i64 Kind::Integer;
        deserialize_i128 Kind::Integer;
        deserialize_u8 Kind::Integer;
        deserialize_u16 Kind::Integer;
        deserialize_u32 Kind::Integer;
        deserialize_u64 Kind::Integer;
        deserialize_u128 Kind::Integer;
        deserialize_f32 Kind::Float;
        deserialize_f64 Kind::Float;
    }
    pass! {
        deserialize_any();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }
}

macro_rules! visit {
    ($($method:ident($type:ty);)*) => { $(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> { self.0.$method(value) }
    )* };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Lenient<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }
    visit! {
        visit_bool(bool); visit_i64(i64); visit_i128(i128); visit_u64(u64); visit_u128(u128); visit_f64(f64);
        visit_char(char); visit_str(&str); visit_borrowed_str(&'de str); visit_string(String);
        visit_bytes(&[u8]); visit_borrowed_bytes(&'de [u8]); visit_byte_buf(Vec<u8>);
    }
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Lenient(inner))
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Lenient(inner))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Lenient(seq))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Lenient(map))
    }
    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Lenient(data))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Lenient<S> {
    type Value = S::Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Lenient(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Lenient<A> {
    type Error = A::Error;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        self.0.next_element_seed(Lenient(seed))
    }
    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Lenient<A> {
    type Error = A::Error;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(Lenient(seed))
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Lenient<A> {
    type Error = A::Error;
    type Variant = Lenient<A::Variant>;
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self::Variant), A::Error> {
        self.0.variant_seed(seed).map(|(value, variant)| (value, Lenient(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Lenient<A> {
    type Error = A::Error;
    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.0.newtype_variant_seed(Lenient(seed))
    }
    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(length, Lenient(visitor))
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Lenient(visitor))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Boolean,
    Integer,
    Float,
}

/// Turns what came into what a scalar type visits.
struct Scalar<V> {
    visitor: V,
    kind: Kind,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Scalar<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.visitor.visit_bool(value)
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.visitor.visit_i64(value)
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.visitor.visit_u64(value)
    }
    fn visit_i128<E: Error>(self, value: i128) -> Result<V::Value, E> {
        self.visitor.visit_i128(value)
    }
    fn visit_u128<E: Error>(self, value: u128) -> Result<V::Value, E> {
        self.visitor.visit_u128(value)
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        // 2^53: beyond it a float no longer says which integer was meant.
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        if self.kind == Kind::Integer && value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
            return self.visitor.visit_i64(value as i64);
        }
        self.visitor.visit_f64(value)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        let trimmed = text.trim();
        match self.kind {
            Kind::Boolean => match trimmed {
                "true" | "True" | "TRUE" => return self.visitor.visit_bool(true),
                "false" | "False" | "FALSE" => return self.visitor.visit_bool(false),
                _ => {}
            },
            Kind::Integer => {
                if let Ok(value) = trimmed.parse::<u64>() {
                    return self.visitor.visit_u64(value);
                }
                if let Ok(value) = trimmed.parse::<i64>() {
                    return self.visitor.visit_i64(value);
                }
                if let Ok(value) = trimmed.parse::<i128>() {
                    return self.visitor.visit_i128(value);
                }
            }
            Kind::Float => {
                if let Some(value) = trimmed.parse::<f64>().ok().filter(|value| value.is_finite()) {
                    return self.visitor.visit_f64(value);
                }
            }
        }
        Err(E::invalid_type(Unexpected::Str(text), &self))
    }
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(Lenient(seq))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Lenient(map))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Nested {
        count: u8,
        flags: Vec<bool>,
        by_name: BTreeMap<String, f64>,
        either: Option<Either>,
        text: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Either {
        Unit,
        Number(i32),
    }

    fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
        json(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_string_stands_for_a_scalar_at_any_depth() {
        let json = r#"{"count":"7","flags":["true",false],"by_name":{"1":"2.5"},"either":{"number":"-3"},"text":"5"}"#;
        let expected = Nested {
            count: 7,
            flags: vec![true, false],
            by_name: BTreeMap::from([("1".to_owned(), 2.5)]),
            either: Some(Either::Number(-3)),
            text: "5".to_owned(),
        };
        assert_eq!(read(json), Ok(expected));
        assert_eq!(read::<u32>("2.0"), Ok(2));
        assert_eq!(read::<Option<i64>>("\"-9\""), Ok(Some(-9)));
    }

    #[test]
    fn what_is_not_beyond_doubt_stays_refused() {
        assert!(read::<u8>("\"256\"").is_err());
        assert!(read::<u32>("\"2x\"").is_err());
        assert!(read::<u32>("2.5").is_err());
        assert!(read::<bool>("\"yes\"").is_err());
        assert!(read::<bool>("1").is_err());
        assert!(read::<f64>("\"NaN\"").is_err());
        assert!(read::<String>("5").is_err());
    }

    #[test]
    fn a_uri_variable_is_read_as_its_type() {
        assert_eq!(text::<Option<u64>>("42").ok(), Some(Some(42)));
        assert_eq!(text::<Either>("unit").ok(), Some(Either::Unit));
        assert!(text::<u64>("x").is_err());
    }
}
