// SPDX-License-Identifier: MIT
// Amounts are whole numbers of an asset's smallest unit, in strings of digits; "USD/2" counts
// cents. They are shown and read as decimals without ever passing through a float.

const MINUS = '\u2212';

export function scaleOf(asset) {
    return Number(asset.slice(asset.lastIndexOf('/') + 1));
}

export function codeOf(asset) {
    return asset.slice(0, asset.lastIndexOf('/'));
}

/** The asset of a world account's id ("world:USD.2"), or null. */
export function assetOfWorld(id) {
    const match = /^world:([^/"]+)\.(0|[1-9][0-9]?)$/.exec(id);
    return match && `${match[1]}/${match[2]}`;
}

/** "-123456" of "USD/2" is "−1,234.56". */
export function showAmount(units, asset) {
    const scale = asset ? scaleOf(asset) : 0;
    const negative = units.startsWith('-');
    const digits = (negative ? units.slice(1) : units).padStart(scale + 1, '0');
    const whole = digits.slice(0, digits.length - scale);
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
    return (negative ? MINUS : '') + grouped + (scale ? '.' + digits.slice(-scale) : '');
}

/**
 * "1,234.5" of "USD/2" is "123450"; null if it is not an amount of that asset. Commas stand between
 * groups of three digits or not at all: in "1,50" the comma may mean a decimal point, so it is
 * refused.
 */
export function readAmount(text, asset) {
    const scale = asset ? scaleOf(asset) : 0;
    const match = /^([-\u2212]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?$/.exec(text.trim());
    if (!match) return null;
    const fraction = match[3] ?? '';
    if (fraction.length > scale) return null;
    const digits = match[2].replaceAll(',', '') + fraction.padEnd(scale, '0');
    const units = BigInt(digits).toString();
    return match[1] && units !== '0' ? '-' + units : units;
}

/** Why a text is not an amount, or "": what readAmount() would have. `sign`: below 0 is meant. */
export function wrongAmount(text, asset, sign = false) {
    const scale = scaleOf(asset);
    const units = readAmount(text, asset);
    if (units === null && text.includes(','))
        return 'A comma only between groups of three digits, and a point before decimals: 1,234.50';
    if (units === null || (!sign && BigInt(units) <= 0n))
        return `${sign ? 'A number' : 'More than 0'}, ` +
            (scale ? `with up to ${scale} decimals.` : 'without decimals.');
    if (units.replace('-', '').length > 38) return 'At most 38 digits in all.';
    return sign && BigInt(units) > 0n ? 'At most 0.' : '';
}

/** 12345 is "12,345". */
export function showCount(count) {
    return Math.round(count).toLocaleString('en');
}
