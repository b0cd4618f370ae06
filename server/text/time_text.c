/* SPDX-License-Identifier: MIT */
/* The proleptic Gregorian calendar by arithmetic (Howard Hinnant's civil_from_days): no locale, no
 * time zone, no lock. Years begin in March, so that a leap day is the last of its year. */
#include "server/text/time_text.h"

#include <stddef.h>
#include <string.h>

enum { DAY_S = 86400, EPOCH_TO_MARCH_0000 = 719468, ERA_DAYS = 146097 };

static const int64_t year_10000_s = INT64_C(253402300800); /* its beginning */

struct civil {
    unsigned year, month, day;
};

static struct civil civil_of_days(int64_t days)
{
    uint64_t from_march = (uint64_t)(days + EPOCH_TO_MARCH_0000);
    unsigned era = (unsigned)(from_march / ERA_DAYS);
    unsigned of_era = (unsigned)(from_march % ERA_DAYS);
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned from_march_month = (5 * of_year + 2) / 153;
    struct civil civil = {
        .year = year + era * 400,
        .month = from_march_month < 10 ? from_march_month + 3 : from_march_month - 9,
        .day = of_year - (153 * from_march_month + 2) / 5 + 1,
    };
    civil.year += civil.month <= 2;
    return civil;
}

/* `width` digits of value, zeros in front. */
static char *digits(char *to, unsigned value, int width)
{
    for (int i = width - 1; i >= 0; i--, value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + width;
}

static char *clock_of_day(char *to, unsigned second)
{
    to = digits(to, second / 3600, 2);
    *to++ = ':';
    to = digits(to, second / 60 % 60, 2);
    *to++ = ':';
    return digits(to, second % 60, 2);
}

void time_text(int64_t at_us, char text[TIME_TEXT])
{
    int64_t at_s = at_us / 1000000;
    struct civil civil = civil_of_days(at_s / DAY_S);
    char *to = digits(text, civil.year, 4);
    *to++ = '-';
    to = digits(to, civil.month, 2);
    *to++ = '-';
    to = digits(to, civil.day, 2);
    *to++ = 'T';
    to = clock_of_day(to, (unsigned)(at_s % DAY_S));
    *to++ = '.';
    to = digits(to, (unsigned)(at_us % 1000000), 6);
    memcpy(to, "Z", 2);
}

void time_text_http(int64_t at_s, char text[TIME_TEXT_HTTP])
{
    static const char weekdays[] = "ThuFriSatSunMonTueWed";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t days = at_s / DAY_S;
    struct civil civil = civil_of_days(days);
    memcpy(text, weekdays + 3 * (days % 7), 3);
    memcpy(text + 3, ", ", 2);
    char *to = digits(text + 5, civil.day, 2);
    *to++ = ' ';
    memcpy(to, months + 3 * (size_t)(civil.month - 1), 3);
    to += 3;
    *to++ = ' ';
    to = digits(to, civil.year, 4);
    *to++ = ' ';
    to = clock_of_day(to, (unsigned)(at_s % DAY_S));
    memcpy(to, " GMT", 5);
}

/* `width` digits from *at, which moves behind them; false: there are fewer. */
static bool read_digits(const char **at, int width, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < width; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *value = *value * 10 + (unsigned)(**at - '0');
    }
    return true;
}

static bool read_char(const char **at, char wanted)
{
    return *(*at)++ == wanted;
}

/* The days from 1970 to a date; as civil_of_days(), the other way (days_from_civil). */
static int64_t days_of_civil(struct civil civil)
{
    /* January and February belong to the year before. */
    unsigned year = civil.month <= 2 ? civil.year - 1 : civil.year, era = year / 400;
    unsigned of_era = year % 400, month = civil.month > 2 ? civil.month - 3 : civil.month + 9;
    unsigned of_year = (153 * month + 2) / 5 + civil.day - 1;
    unsigned day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return (int64_t)era * ERA_DAYS + day_of_era - EPOCH_TO_MARCH_0000;
}

/* A point and digits, of which those below a microsecond do not count; or nothing. */
static bool read_fraction(const char **at, unsigned *us)
{
    unsigned digit, scale = 1000000;
    *us = 0;
    if (**at != '.')
        return true;
    (*at)++;
    if (!read_digits(at, 1, &digit))
        return false;
    /* The scale becomes 0 behind the sixth digit, and the rest adds nothing. */
    for ((*at)--; **at >= '0' && **at <= '9'; (*at)++)
        *us += (unsigned)(**at - '0') * (scale /= 10);
    return true;
}

/* "Z", or the minutes that the local time is ahead: "+01:00". In a query a "+" that was not escaped
 * has become a blank. */
static bool read_offset(const char **at, int *minutes)
{
    unsigned hour, minute;
    char sign = *(*at)++;
    *minutes = 0;
    if (sign == 'Z' || sign == 'z')
        return true;
    if ((sign != '+' && sign != '-' && sign != ' ') || !read_digits(at, 2, &hour) ||
        !read_char(at, ':') || !read_digits(at, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = (int)(hour * 60 + minute) * (sign == '-' ? -1 : 1);
    return true;
}

struct moment {
    struct civil civil;
    unsigned hour, minute, second, us;
    int offset_min;
};

static bool read_time_of_day(const char **at, struct moment *moment)
{
    return read_digits(at, 2, &moment->hour) && read_char(at, ':') &&
           read_digits(at, 2, &moment->minute) && read_char(at, ':') &&
           read_digits(at, 2, &moment->second) && read_fraction(at, &moment->us) &&
           read_offset(at, &moment->offset_min) && moment->hour <= 23 && moment->minute <= 59 &&
           moment->second <= 59;
}

static bool read_date(const char **at, struct civil *civil)
{
    if (!read_digits(at, 4, &civil->year) || !read_char(at, '-') ||
        !read_digits(at, 2, &civil->month) || !read_char(at, '-') ||
        !read_digits(at, 2, &civil->day) || civil->year < 1970 || civil->month < 1 ||
        civil->month > 12 || civil->day < 1)
        return false;
    /* There and back: a day that the month does not have comes back as another. */
    struct civil same = civil_of_days(days_of_civil(*civil));
    return same.month == civil->month && same.day == civil->day; /* the month has such a day */
}

bool time_read(const char *text, int64_t *at_us)
{
    struct moment moment = {.us = 0};
    if (!read_date(&text, &moment.civil))
        return false;
    /* A date alone is the beginning of its day. */
    if (*text == 'T' || *text == 't') {
        text++;
        if (!read_time_of_day(&text, &moment))
            return false;
    }
    int64_t minutes = (int64_t)moment.hour * 60 + moment.minute - moment.offset_min;
    int64_t at_s = days_of_civil(moment.civil) * DAY_S + minutes * 60 + moment.second;
    *at_us = at_s * 1000000 + moment.us;
    /* The offset may lead out of the years that can be written. */
    return *text == '\0' && at_s >= 0 && at_s < year_10000_s;
}
