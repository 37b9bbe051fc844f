"""What customers answer and what it means: a missed opt-out breaks the law, a false one loses a customer."""

from __future__ import annotations

import pytest

from include.inbound.words import meaning_of

STOPS = """
STOP
stop
Stop.
 STOP!!!
"STOP"
Stop please
Stop?
Please stop
pls stop
stop stop stop
STOP NOW
Stop, please. Thanks
ok stop
STOPALL
Stop all
UNSUBSCRIBE
unsubscribe please
Unsub
CANCEL
Please cancel
END
Quit
REVOKE
OPTOUT
Opt-out
opt out please
Stop it
please stop this
I said stop
I said STOP already!
Can you stop?
You need to stop
No more
No more please
No texts
STOP. I mean it.
I don't want this. STOP
Stop\nSent from my iPhone
Not interested please stop
stop text
Stop texts
stop text messages
please stop the texts
Stop all future texts from your store
end these messages
quit the texts please
cancel my texts
Cancel these messages
cancel my subscription
stop texting me
Please stop texting me!!
STOP TEXTING THIS NUMBER
Stop texting
stop messaging me please
stop fucking texting me
Can you please stop texting me?
could you stop contacting me
Would you kindly stop texting my phone
I asked you to stop texting me
Ive told you to stop texting me
If you don't stop texting me I will call a lawyer
I never asked for this stop texting me
Stop sending me these
stop sending me texts
stop sending me this crap
please stop sending messages to this number
Quit texting me
quit sending me stuff
Don't text me
don’t text me anymore
do not text me again
Dont contact me
DO NOT CONTACT ME
please do not message me
Never text me again
I told you not to text me
I'm driving, never text this number
do not text
I don't want these texts
I do not want to receive your messages
I no longer wish to receive text messages
I dont want any more texts
we don't need these alerts
Not wanting any more promos
I want no more texts
No more texts
no more messages please!
remove me
Please remove me
remove me from your list
Remove me from this list please
remove my number from your system
Remove this number
delete my number
take me off
Take me off your list
please take me off of your mailing list
Hi this is Bob, I moved to Florida, please take me off your list. Thanks!
take my name off the list
get me off this text list
I want off this list
I'd like to be off your list
unsubscribe me
Unsubscribe this number
I want to unsubscribe
I'd like to unsubscribe from your texts
How do I unsubscribe?
how do i opt out
I'd like to opt out
opt me out
I am opting out
opt out of all messages
leave me alone
Lose my number!
I revoke my consent
I withdraw all consent to texts
cease and desist
I don't live there any more. Stop texting me
Yes, stop
Wrong person, remove me from your list
Unsubscribe. Thank you
basta
PARAR
Arrêt
ＳＴＯＰ
"""

STARTS = """
START
start
Start please
YES
Yes!
unstop
Subscribe
Opt in
opt me back in
sign me up again
Please sign me up again!
Add me back
text me again
Start texting me again
put me back on your list
Resume
"""

HELPS = """
HELP
help
Help!
INFO
info please
Help?
"""

OTHERS = """
I'll stop by tomorrow
Will stop in on Saturday
I will stop
Can I stop by today?
We'll make a stop at your place
the bus stop
Is there a bus stop near you?
Full stop ahead of the nursery
nonstop rain here
My dog will not stop eating the hostas
How do I stop the aphids on my roses?
What stops deer?
can you remove the tree?
please remove the stump too
remove me a branch from the maple
Please remove me from the schedule for Tuesday
take me off the waiting list for the red maple
Take me off hold
I'd like to take the planters off your hands
cancel my order
Can I cancel my delivery?
Please cancel my appointment for tomorrow
cancel the coupon and use the other one
end of season sale?
When does the sale end?
The end
At the end of May
I quit smoking
unsubscribe? no way
I didn't mean to unsubscribe
I don't want to unsubscribe
I did not opt out
opt out of the delivery insurance
Don't stop texting me, I love these
Please don't ever stop sending me coupons
never stop sending texts
Why did you stop texting me?
Have you stop texting me
You never text me anymore
you don't text me any more :(
I do not want you to stop texting me
I can't stop texting my friends about your plants
Don't take me off your list
Why did you take me off your list?
You don't need text messages to order?
get me out of this Friday's class
No more roses?
No more texts?
I want more texts about sales
Do not contact Bob, I am in charge of the garden
Do you text?
don't send the plants before June
stop sending the invoices to my old address
Stop it, you are too funny
Yes please
Yes, I'll come by
yes I'd like two of them
Start at 9?
When do you start selling mums
Can you help me pick a rose?
I need info on mulch
Help me
Thanks!
Thank you so much
ok
👍
🛑
?
STOP sign at the corner, then left
What is the return policy
Not interested
wrong number
Is this the garden centre?
Liked “Thanks for your visit! Reply STOP to opt out.”
Disliked "Hi Bob! $5 off. Reply STOP to opt out."
Laughed at “… Reply STOP to opt out.”
Reacted 😂 to “Reply STOP to opt out.”
Removed a heart from “Thanks! Reply STOP to opt out.”
"""


def cases(text: str) -> list[str]:
    return [line.replace("\\n", "\n") for line in text.strip("\n").split("\n")]


@pytest.mark.parametrize("body", cases(STOPS.replace("Stop\nSent", "Stop\\nSent")))
def test_a_wish_to_get_no_more_texts(body: str) -> None:
    assert meaning_of(body) == "stop"


@pytest.mark.parametrize("body", cases(STARTS))
def test_a_wish_to_get_texts_again(body: str) -> None:
    assert meaning_of(body) == "start"


@pytest.mark.parametrize("body", cases(HELPS))
def test_a_call_for_help(body: str) -> None:
    assert meaning_of(body) == "help"


@pytest.mark.parametrize("body", [*cases(OTHERS), "", "   ", "\n", "\x00", None])
def test_what_a_person_has_to_read(body: str | None) -> None:
    assert meaning_of(body) == "other"


@pytest.mark.parametrize(
    ("body", "by_twilio", "meaning"),
    [
        ("genug", "STOP", "stop"),
        ("weiter", "START", "start"),
        ("hilfe", "HELP", "help"),
        ("please stop", "", "stop"),
        ("see you at the bus stop", "SOMETHING NEW", "other"),
        (None, "STOP", "stop"),
    ],
)
def test_what_twilio_found_goes_first(body: str | None, by_twilio: str, meaning: str) -> None:
    assert meaning_of(body, by_twilio) == meaning


def test_the_longest_text_is_read_at_once() -> None:
    for piece in (
        "i want to ",
        "stop the ",
        "dont you want me to ",
        "all of my ",
        "please ",
        "stop sending me ",
    ):
        assert meaning_of((piece * 1600)[:100_000] + "roses") == "other"
