-- What an instant is worth: a counter's value between two readings, and the hour of its local day.
--
-- value_at: the value lies on the line between the readings, rounded half up to a whole number. Instants in microseconds, values
-- whole, before_at < after_at. Exact: whole numbers throughout, of 128 bits where 64 may not hold the product.
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

-- hour_bit: a bit for the hours gone since the local day began, from 0. Where clocks go back over midnight, 00:00 comes twice and the
-- day begins with the first.
create or replace temp macro hour_bit(instant, zone) as
1 << greatest(
    (
        epoch_us(instant)
        - epoch_us(timezone(zone, (instant at time zone zone)::date::timestamp))
        + case
            when ((timezone(zone, (instant at time zone zone)::date::timestamp) - interval 1 hour) at time zone zone)::date
                = (instant at time zone zone)::date
                then 3600000000
            else 0
        end
    ) // 3600000000,
    0
)::integer;
