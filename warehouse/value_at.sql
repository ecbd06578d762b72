-- A counter's value at an instant between two readings: on the line between them, rounded half up to a whole number.
-- Arguments: instants in microseconds, values whole; before_at < after_at.
--
-- Exact: whole numbers throughout, of 128 bits where 64 may not hold the product.
create or replace temp macro value_at(instant, before_at, before_value, after_at, after_value) as
case
    when before_value = after_value then before_value
    when abs(after_value - before_value) <= 1_000_000_000_000_000_000 // (after_at - before_at) then
        least(before_value, after_value)
        + (
            2 * (after_value - before_value) * (instant - before_at)
            - 2 * least(after_value - before_value, 0) * (after_at - before_at)
            + (after_at - before_at)
        ) // (2 * (after_at - before_at))
    else (
        (
            2 * (before_value::hugeint * (after_at - instant) + after_value::hugeint * (instant - before_at))
            + (after_at - before_at)
        ) // (2 * (after_at - before_at)::hugeint)
    )::bigint
end;
