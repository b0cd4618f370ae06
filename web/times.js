// SPDX-License-Identifier: MIT
// Moments of the journal as a person reads them: with their date, in the zone of the browser, which
// the head of each table names.

const two = (number) => String(number).padStart(2, '0');

/** "2026-11-21T09:00:00.123456Z" as "2026-11-21 10:00:00.123" here. */
export function showTime(at) {
    const when = new Date(at);
    const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
    const time = [when.getHours(), when.getMinutes(), when.getSeconds()].map(two).join(':');
    return `${day} ${time}.${String(when.getMilliseconds()).padStart(3, '0')}`;
}

/** How far the zone of that moment is from UTC: "UTC+1", "UTC−3:30", "UTC". */
export function zoneOf(at = Date.now()) {
    const minutes = -new Date(at).getTimezoneOffset();
    if (minutes === 0) return 'UTC';
    const size = Math.abs(minutes);
    const rest = size % 60 ? `:${two(size % 60)}` : '';
    return `UTC${minutes < 0 ? '\u2212' : '+'}${Math.floor(size / 60)}${rest}`;
}
