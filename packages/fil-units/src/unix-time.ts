const secondsPerDay = 86_400
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

interface UtcTime {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

/** The Gregorian UTC calendar, counted in 400-year eras of 146,097 days that begin on 1 March of year 0. */
function utc(unixSeconds: number): UtcTime {
  const days = Math.floor(unixSeconds / secondsPerDay)
  const secondOfDay = unixSeconds - days * secondsPerDay
  const sinceEra0 = days + 719_468
  const era = Math.floor(sinceEra0 / 146_097)
  const dayOfEra = sinceEra0 - era * 146_097
  const leapDays =
    Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    hour: Math.floor(secondOfDay / 3600),
    minute: Math.floor(secondOfDay / 60) % 60,
    second: Math.floor(secondOfDay) % 60,
  }
}

function two(n: number): string {
  return n.toString().padStart(2, '0')
}

/** `2020-08-24T22:00:30Z`: Unix seconds as RFC 3339 in UTC. */
export function formatRfc3339(unixSeconds: number): string {
  const { year, month, day, hour, minute, second } = utc(unixSeconds)
  const date = `${year.toString().padStart(4, '0')}-${two(month)}-${two(day)}`
  return `${date}T${two(hour)}:${two(minute)}:${two(second)}Z`
}

/** `24 Aug 20 22:00 UTC`: Unix seconds as RFC 822 in UTC, to the minute, as lotus prints times. */
export function formatRfc822(unixSeconds: number): string {
  const { year, month, day, hour, minute } = utc(unixSeconds)
  return `${two(day)} ${months[month - 1]} ${two(year % 100)} ${two(hour)}:${two(minute)} UTC`
}
