"""English words whose forms no stemmer brings together: irregular verbs and plurals.

A form that is as often another word (left, saw, lay) is not among them.
"""

from __future__ import annotations

# Each group is a word and its other forms.
GROUPS = """
rise rose risen | fall fell fallen | win won | lose lost | say said | tell told | sell sold | buy bought |
go went gone | come came | take took taken | give gave given | meet met | make made | keep kept | hold held |
find found | lead led | pay paid | send sent | build built | begin began begun | choose chose chosen |
drive drove driven | know knew known | grow grew grown | see seen | stand stood | strike struck stricken |
speak spoke spoken | write wrote written | break broke broken | bring brought | catch caught | teach taught |
think thought | seek sought | fight fought | run ran | sink sank sunk | swim swam | fly flew flown | wear wore worn |
throw threw thrown | shoot shot | lend lent | spend spent | sleep slept | feel felt | deal dealt | mean meant |
hear heard | beat beaten | become became | get got gotten | forget forgot | forbid forbade | hide hid hidden |
ride rode ridden | shake shook | steal stole stolen | stick stuck | swear swore | tear tore torn | wake woke |
withdraw withdrew withdrawn | undergo underwent | understand understood | overcome overcame | man men | woman women |
child children | person people | foot feet | life lives | wife wives
"""
PAST_FORMS = {form: word for word, *forms in map(str.split, GROUPS.split("|")) for form in forms}
